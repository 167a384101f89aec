// Vectors in a plane: arrows from anywhere to anywhere, a shaded hull, and some tips to drag.
import { computed, signal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { round } from "../core/format.js";
import { ARROWHEAD } from "../core/pens.js";
import { Drawing } from "./Drawing.jsx";
import { Handle } from "./Handle.jsx";
import { SIZE, labels, convexHull, frame, placeNames, ticks } from "./vectors.js";

const GRAB = 22; // pixels: a finger is wide
const KEY_STEP = 0.1;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
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
function sceneOf({ arrows, axes }) {
  const kept = signal(null);
  const view = computed(() => kept.value ?? frame(arrows.value));
  const marks = computed(() => ticks(view.value));
  const around = computed(() => labels(axes.value, view.value, marks.value.step));
  const hold = (on) => (kept.value = on ? view.peek() : null);
  return { view, marks, around, hold };
}

function drawScene(pen, { view, marks, around }, { arrows, hull }) {
  pen.clear();
  const { at } = view.value;
  drawAxes(pen, view.value, marks.value, around.value);
  if (hull) drawHull(pen, hull.value.map(at));
  drawArrows(pen, arrows.value, at);
  for (const { kind, place } of placeNames(arrows.value, at, around.value))
    pen.name(place.text, place, { ink: LOOKS[kind].ink, halo: "cell" });
}

/** A finger on a tip drags it; a finger anywhere else scrolls the page. */
function useTouch(svg, near) {
  const grabs = useRef(near);
  grabs.current = near;
  useEffect(() => {
    const hold = (event) => grabs.current?.(event.touches[0]) && event.preventDefault();
    const element = svg.current;
    element.addEventListener("touchstart", hold, { passive: false });
    return () => element.removeEventListener("touchstart", hold);
  }, []);
}

/** What makes tips movable: the attributes of the plane. */
function useHands({ svg, scene, tips, held, onPick, onMove }) {
  const drag = useRef(null);
  const locate = (event) => {
    const box = svg.current.getBoundingClientRect();
    const scale = SIZE / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  };
  const near = (event) => {
    const [x, y] = locate(event);
    const { at } = scene.view.peek();
    const off = (tip) => Math.hypot(at(tip.at)[0] - x, at(tip.at)[1] - y);
    const far = (tip) => off(tip) - (tip.key === held.peek() ? GRAB : 0); // the held one wins
    const within = tips.peek().filter((tip) => off(tip) < GRAB);
    return within.sort((a, b) => far(a) - far(b))[0];
  };
  useTouch(svg, onMove && near);
  if (!onMove) return {};
  const release = () => {
    drag.current = null;
    scene.hold(false);
  };
  return {
    ...{ tabindex: 0, role: "application", "aria-roledescription": "plane of vectors" },
    onPointerDown: (event) => {
      const tip = event.button === 0 && near(event);
      if (!tip) return;
      svg.current.setPointerCapture(event.pointerId);
      drag.current = tip.key;
      scene.hold(true);
      onPick(tip.key);
    },
    onPointerMove: (event) => {
      if (drag.current === null) return;
      const target = scene.view.peek().back(locate(event));
      onMove(
        drag.current,
        target.map((value) => round(value, 2)),
      );
    },
    onKeyDown: (event) => {
      const tip = tips.peek().find(({ key }) => key === held.peek());
      if (!(event.key in STEPS) || !tip) return;
      event.preventDefault();
      const to = tip.at.map((value, d) => round(value + STEPS[event.key][d] * KEY_STEP));
      onMove(held.peek(), to);
    },
    ...{ onPointerUp: release, onPointerCancel: release },
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
  const { scene, draw, ring } = useMemo(() => {
    const scene = sceneOf(signals);
    const ring = computed(() => {
      const tip = tips?.value.find(({ key }) => key === held.value);
      const [x, y] = tip ? scene.view.value.at(tip.at) : [];
      return tip && { x, y };
    });
    return { scene, ring, draw: (pen) => drawScene(pen, scene, signals) };
  }, []);
  const hands = useHands({ svg, scene, tips, held, onPick, onMove });
  return (
    <div class="al-plane al-vectors-plane">
      <p class="al-strip-title">{title}</p>
      <div class="al-plane-sheet">
        <svg ref={svg} viewBox={`0 0 ${SIZE} ${SIZE}`} role="img" aria-label={label} {...hands}>
          {tips && <Handle at={ring} />}
        </svg>
        <Drawing draw={draw} units={SIZE} />
      </div>
    </div>
  );
}
