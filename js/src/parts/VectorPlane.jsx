// Vectors in a plane: arrows from anywhere to anywhere, a shaded hull, and some tips to drag. What moves in
// a drag is written directly, without rendering.
import { computed, effect, signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { round } from "../core/format.js";
import { write } from "../core/write.js";
import { SIZE, labels, convexHull, frame, placeNames, ticks } from "./vectors.js";

const SVG = "http://www.w3.org/2000/svg";
const GRAB = 22; // pixels: a finger is wide
const KEY_STEP = 0.1;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const TINY = 7; // pixels: an arrow this short has no head
const HEAD = "M0 0L-9 -4.5L-9 4.5Z";
const ORIGIN = [0, 0];

function writeArrow([line, head], from, to) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  write(line, { x1: from[0], y1: from[1], x2: to[0], y2: to[1] });
  if (Math.hypot(dx, dy) < TINY) return write(head, { display: "none" });
  const angle = (Math.atan2(dy, dx) * 180) / Math.PI;
  write(head, {
    display: "inline",
    transform: `translate(${to[0]} ${to[1]}) rotate(${angle})`,
  });
}

/** Texts of `group`, one for each of `names`; those that are too many leave. */
function writeTexts(group, names) {
  names.forEach(({ children, ...attributes }, n) => {
    const text = group.children[n] ?? group.appendChild(document.createElementNS(SVG, "text"));
    if (text.textContent !== children) text.textContent = children;
    write(text, attributes);
  });
  while (group.children.length > names.length) group.lastChild.remove();
}

function writeAxes([lines, texts], { at }, { across, up }, names) {
  const [x, y] = at(ORIGIN);
  const marks = [
    ...across.map((n) => `M${at([n, 0])[0]} ${y - 3}v6`),
    ...up.map((n) => `M${x - 3} ${at([0, n])[1]}h6`),
  ];
  write(lines, { d: `M0 ${y}H${SIZE}M${x} 0V${SIZE}${marks.join("")}` });
  writeTexts(texts, names);
}

/** Where everything stands. `hold(true)` keeps the frame: a plane that rescales under the hand runs away. */
function sceneOf({ arrows, axes }) {
  const kept = signal(null);
  const view = computed(() => kept.value ?? frame(arrows.value));
  const marks = computed(() => ticks(view.value));
  const around = computed(() => labels(axes.value, view.value, marks.value.step));
  const names = computed(() =>
    placeNames(arrows.value, view.value.at, around.value).map(({ kind, name }) => ({
      ...name,
      class: `al-vector-${kind}`,
    })),
  );
  const hold = (on) => (kept.value = on ? view.peek() : null);
  const kinds = computed(() => arrows.value.map(({ kind }) => kind).join());
  return { view, marks, around, names, hold, kinds };
}

function useDrawing(svg, scene, { arrows, hull, tip }) {
  useLayoutEffect(() => {
    const find = (query) => svg.current.querySelector(query);
    const drawn = [...svg.current.querySelectorAll(".al-arrows > g")].map((g) => [...g.children]);
    const [axes, shade, texts, ring] = [".al-axes", ".al-hull", ".al-names", ".al-handle"].map(
      find,
    );
    const point = (vector) => scene.view.value.at(vector);
    const tasks = [
      () => writeAxes(axes.children, scene.view.value, scene.marks.value, scene.around.value),
      () => hull && write(shade, { points: convexHull(hull.value).map(point).join(" ") }),
      () =>
        arrows.value.forEach(({ from, to }, n) => {
          if (drawn[n]) writeArrow(drawn[n], point(from), point(to));
        }),
      () => writeTexts(texts, scene.names.value),
      () => {
        const [cx, cy] = tip?.value ? point(tip.value.at) : [];
        if (tip) write(ring, tip.value ? { cx, cy, display: "inline" } : { display: "none" });
      },
    ];
    const stops = tasks.map(effect);
    return () => stops.forEach((stop) => stop());
  }, [scene.kinds.value]);
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
  const { hull, tips, held } = signals;
  const svg = useRef(null);
  const { scene, tip } = useMemo(
    () => ({
      scene: sceneOf(signals),
      tip: tips && computed(() => tips.value.find(({ key }) => key === held.value)),
    }),
    [],
  );
  const hands = useHands({ svg, scene, tips, held, onPick, onMove });
  useDrawing(svg, scene, { ...signals, tip });
  return (
    <div class="al-plane al-vectors-plane">
      <p class="al-strip-title">{title}</p>
      <svg ref={svg} viewBox={`0 0 ${SIZE} ${SIZE}`} role="img" aria-label={label} {...hands}>
        <g class="al-axes">
          <path />
          <g />
        </g>
        {hull && <polygon class="al-hull" />}
        <g class="al-arrows">
          {scene.kinds.value.split(",").map((kind) => (
            <g class={`al-vector al-vector-${kind}`}>
              <line />
              <path d={HEAD} />
            </g>
          ))}
        </g>
        <g class="al-vector al-names" />
        {tip && <circle class="al-handle" r={9} />}
      </svg>
    </div>
  );
}
