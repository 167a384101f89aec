// Vectors in a plane: arrows from anywhere to anywhere, a shaded hull, and some tips to drag.
import { computed, signal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { round } from "../core/format.js";
import { ARROWHEAD, drawRing } from "../core/pens.js";
import { Drawing } from "./Drawing.jsx";
import { FingerHint } from "./FingerHint.jsx";
import { useName } from "./useName.js";
import { usePlane } from "./usePlane.js";
import { SIZE, labels, convexHull, frame, placeNames, ticks } from "./vectors.js";

const MOST_FAVOURED = SIZE; // where tips lie on one another, the held one is meant
const TINY = 7; // pixels: an arrow this short has no head
const ORIGIN = [0, 0];
const LOOKS = {
  value: { ink: "value", opacity: 0.75, width: 1.5 },
  part: { ink: "weight", width: 4 },
  mixed: { ink: "ink", width: 2, dash: [2, 4] },
  embedding: { ink: "query", width: 2.5 },
  delta: { ink: "weight", width: 4 },
  after: { ink: "ink", width: 2.5 },
};
const HULL = { ink: "value", opacity: 0.14 };
const HULL_EDGE = { ink: "value", dash: [3, 3] };

function drawAxes(pen, { at }, { across, up }, names) {
  const [x, y] = at(ORIGIN);
  pen.line(0, y, SIZE, y);
  pen.line(x, 0, x, SIZE);
  for (const n of across) pen.line(at([n, 0])[0], y - 3, at([n, 0])[0], y + 3);
  for (const n of up) pen.line(x - 3, at([0, n])[1], x + 3, at([0, n])[1]);
  pen.stroke({ ink: "line" });
  for (const name of names) pen.name(name.text, name, { ink: "muted" });
}

function drawHull(pen, points) {
  const corners = convexHull(points);
  if (!corners.length) return;
  for (const paint of [() => pen.fill(HULL), () => pen.stroke(HULL_EDGE)]) {
    pen.shape(corners, { x: 0, y: 0, cos: 1, sin: 0 });
    paint();
  }
}

function drawHead(pen, [startX, startY], [x, y]) {
  const length = Math.hypot(x - startX, y - startY);
  if (length < TINY) return;
  pen.shape(ARROWHEAD, { x, y, cos: (x - startX) / length, sin: (y - startY) / length });
}

/** Arrows of one kind follow one another in `arrows`, and are drawn at once. */
function drawArrows(pen, arrows, at) {
  for (let n = 0, end; n < arrows.length; n = end) {
    const { kind } = arrows[n];
    for (end = n; arrows[end]?.kind === kind; end++) {
      const [start, tip] = [at(arrows[end].from), at(arrows[end].to)];
      pen.line(start[0], start[1], tip[0], tip[1]);
    }
    pen.stroke(LOOKS[kind]);
    for (const { from, to } of arrows.slice(n, end)) drawHead(pen, at(from), at(to));
    pen.fill(LOOKS[kind]);
  }
}

/** Where everything stands. `hold(true)` keeps the frame: a plane that rescales under the hand runs away. */
function sceneOf({ arrows, axes, tips, held }) {
  const kept = signal(null);
  const view = computed(() => kept.value ?? frame(arrows.value));
  const marks = computed(() => ticks(view.value));
  const around = computed(() => labels(axes.value, view.value, marks.value.step));
  const hold = (on) => (kept.value = on ? view.peek() : null);
  const ring = computed(() => {
    const tip = tips?.value.find(({ key }) => key === held.value);
    const [x, y] = tip ? view.value.at(tip.at) : [];
    return tip && { x, y };
  });
  return { view, marks, around, ring, hold };
}

/** The axes: a drag leaves them as they are. */
function drawFrame(pen, { view, marks, around }) {
  pen.clear();
  drawAxes(pen, view.value, marks.value, around.value);
}

function drawScene(pen, { view, around, ring }, { arrows, hull }) {
  pen.clear();
  const { at } = view.value;
  if (hull) drawHull(pen, hull.value.map(at));
  drawArrows(pen, arrows.value, at);
  for (const { kind, place } of placeNames(arrows.value, at, around.value))
    pen.name(place.text, place, { ink: LOOKS[kind].ink, halo: "cell" });
  if (ring.value) drawRing(pen, ring.value, "ink");
}

/** What makes tips movable: the attributes of the plane. */
function useHands({ svg, scene, tips, held, onPick, onMove }) {
  const hands = usePlane({
    ...{ svg, size: SIZE },
    held: () => scene.ring.peek(),
    tips: () => {
      const { at } = scene.view.peek();
      return (onMove ? tips.peek() : []).map((tip) => {
        const [x, y] = at(tip.at);
        return { ...tip, x, y, favour: tip.key === held.peek() ? MOST_FAVOURED : 0 };
      });
    },
    onGrab: ({ key }) => {
      scene.hold(true);
      onPick(key);
    },
    onDrag: ({ key }, point) => {
      const target = scene.view.peek().back(point);
      onMove(
        key,
        target.map((value) => round(value, 2)),
      );
    },
    onRelease: () => scene.hold(false),
    onStep: (step) => {
      const tip = tips.peek().find(({ key }) => key === held.peek());
      if (!tip) return;
      onMove(
        tip.key,
        tip.at.map((value, d) => round(value + step[d])),
      );
    },
  });
  if (!onMove) return {};
  return {
    ...{ tabindex: 0, role: "application", "aria-roledescription": "plane of vectors" },
    ...hands,
  };
}

/**
 * Signals in: `label`; `axes`, two names; `arrows`: `{from, to, kind, word, minor}`; `hull`: points;
 * `tips`: `{key, at}`, which `onMove(key, target)` drags; `held`: the key of the tip that the arrow keys
 * move. Without `onMove` nothing moves.
 */
export function VectorPlane({ title, label, onPick, onMove, ...signals }) {
  const { tips, held } = signals;
  const svg = useRef(null);
  const { scene, layers } = useMemo(() => {
    const scene = sceneOf(signals);
    const layers = [(pen) => drawFrame(pen, scene), (pen) => drawScene(pen, scene, signals)];
    return { scene, layers };
  }, []);
  const hands = useHands({ svg, scene, tips, held, onPick, onMove });
  useName(svg, label);
  return (
    <div class="al-plane al-vectors-plane">
      <p class="al-strip-title">{title}</p>
      <div class="al-plane-sheet">
        <svg ref={svg} viewBox={`0 0 ${SIZE} ${SIZE}`} role="img" {...hands} />
        {layers.map((draw) => (
          <Drawing draw={draw} units={SIZE} />
        ))}
      </div>
      {onMove && <FingerHint />}
    </div>
  );
}
