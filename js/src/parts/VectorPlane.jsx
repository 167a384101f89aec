// Vectors in a plane: arrows from anywhere to anywhere, a shaded hull, and some tips to drag.
import { useRef, useState } from "preact/hooks";
import { round } from "../core/format.js";

const SIZE = 300;
const CENTRE = SIZE / 2;
const GRAB = 22; // pixels: a finger is wide
const KEY_STEP = 0.1;
const TINY = 7; // pixels: an arrow this short has no head
const LINE = 13; // pixels from name to name
const LEAST_SIDE = 1.2;
const ROOM = 1.35; // for names beyond the tips
const ORIGIN = [0, 0];

/** The corners of the smallest convex shape around `points` (monotone chain). */
export function convexHull(points) {
  const sorted = [...points].sort(([a, b], [c, d]) => a - c || b - d);
  const left = ([a, b], [c, d], [e, f]) => (c - a) * (f - b) - (d - b) * (e - a) > 0;
  const chain = (list) => {
    const corners = [];
    for (const point of list) {
      while (corners.length > 1 && !left(corners.at(-2), corners.at(-1), point)) corners.pop();
      corners.push(point);
    }
    return corners.slice(0, -1);
  };
  return [...chain(sorted), ...chain(sorted.reverse())];
}

function Arrow({ from, to, kind, name }) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const long = Math.hypot(dx, dy) >= TINY;
  const angle = (Math.atan2(dy, dx) * 180) / Math.PI;
  return (
    <g class={`al-vector al-vector-${kind}`}>
      <line x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]} />
      {long && (
        <path
          d="M0 0L-9 -4.5L-9 4.5Z"
          transform={`translate(${to[0]} ${to[1]}) rotate(${angle})`}
        />
      )}
      {name && <text {...name} />}
    </g>
  );
}

/** Where names stand: at the tips, one below the other where tips are near. */
function placeNames(arrows, at) {
  const taken = [];
  return arrows.map(({ to, word }) => {
    if (!word) return null;
    const [x, y] = at(to);
    const end = x > SIZE - 80;
    let line = Math.min(SIZE - 6, Math.max(LINE, y + (y > CENTRE ? 14 : -8)));
    while (taken.some(([a, b]) => Math.abs(a - x) < 64 && Math.abs(b - line) < LINE - 1))
      line += LINE;
    taken.push([x, line]);
    return {
      x: end ? x - 4 : x + 4,
      y: line,
      "text-anchor": end ? "end" : "start",
      children: word,
    };
  });
}

/** The square of the plane that is shown: everything that is drawn, the origin, and some room. */
function frame(arrows) {
  const points = [[0, 0], ...arrows.flatMap(({ from, to }) => [from, to])];
  const ends = [0, 1].map((d) => {
    const all = points.map((point) => point[d]);
    return [Math.min(...all), Math.max(...all)];
  });
  const side = Math.max(LEAST_SIDE, ...ends.map(([low, high]) => high - low)) * ROOM;
  return { unit: SIZE / side, middle: ends.map(([low, high]) => (low + high) / 2) };
}

function Grid({ at, unit, axes }) {
  const [x, y] = at(ORIGIN);
  const step = unit > SIZE / 12 ? 1 : 5;
  const most = Math.ceil(SIZE / unit / step);
  const ticks = Array.from({ length: 2 * most + 1 }, (_, n) => (n - most) * step).filter(Boolean);
  return (
    <g class="al-axes">
      <line x1={0} y1={y} x2={SIZE} y2={y} />
      <line x1={x} y1={0} x2={x} y2={SIZE} />
      {ticks.flatMap((n) => [
        <line x1={x + n * unit} x2={x + n * unit} y1={y - 3} y2={y + 3} />,
        <line y1={y - n * unit} y2={y - n * unit} x1={x - 3} x2={x + 3} />,
      ])}
      <text x={SIZE - 4} y={SIZE - 6} text-anchor="end">
        {axes[0]} →
      </text>
      <text x={x + 6} y={12}>
        {axes[1]} ↑
      </text>
    </g>
  );
}

/**
 * `arrows`: `{from, to, kind, word}`; `tips`: `{key, at}`, which `onMove(key, target)` drags.
 * `held` is the key of the tip that the arrow keys move; without `onMove` nothing moves.
 */
export function VectorPlane({ title, label, axes, arrows, hull, tips, held, onPick, onMove }) {
  const svg = useRef(null);
  const [drag, setDrag] = useState(null);
  const view = drag?.view ?? frame(arrows); // a plane that rescales under the hand runs away
  const { unit, middle } = view;
  const at = ([a, b]) => [CENTRE + (a - middle[0]) * unit, CENTRE - (b - middle[1]) * unit];
  const names = placeNames(arrows, at);
  const locate = (event) => {
    const box = svg.current.getBoundingClientRect();
    const scale = SIZE / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  };
  const hands = onMove && {
    tabindex: 0,
    role: "application",
    "aria-roledescription": "plane of vectors",
    onPointerDown: (event) => {
      const [x, y] = locate(event);
      const [near] = tips
        .map((tip) => ({ ...tip, off: Math.hypot(at(tip.at)[0] - x, at(tip.at)[1] - y) }))
        .filter(({ off }) => off < GRAB)
        .sort((a, b) => a.off - b.off - (a.key === held ? GRAB : 0) + (b.key === held ? GRAB : 0));
      if (!near) return;
      svg.current.setPointerCapture(event.pointerId);
      onPick(near.key);
      setDrag({ key: near.key, view });
    },
    onPointerMove: (event) => {
      if (!drag) return;
      const [x, y] = locate(event);
      onMove(drag.key, [
        round((x - CENTRE) / unit + middle[0], 2),
        round((CENTRE - y) / unit + middle[1], 2),
      ]);
    },
    onPointerUp: () => setDrag(null),
    onPointerCancel: () => setDrag(null),
    onKeyDown: (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
      const tip = tips.find(({ key }) => key === held);
      if (!(event.key in step) || !tip) return;
      event.preventDefault();
      onMove(
        held,
        tip.at.map((value, d) => round(value + step[event.key][d] * KEY_STEP)),
      );
    },
  };
  const tip = tips?.find(({ key }) => key === held);
  return (
    <div class="al-plane al-vectors-plane">
      <p class="al-strip-title">{title}</p>
      <svg
        ref={svg}
        viewBox={`0 0 ${SIZE} ${SIZE}`}
        role="img"
        aria-label={label}
        class={onMove ? "al-draggable" : ""}
        {...hands}
      >
        <Grid at={at} unit={unit} axes={axes} />
        {hull && (
          <polygon
            class="al-hull"
            points={convexHull(hull)
              .map((point) => at(point).join())
              .join(" ")}
          />
        )}
        {arrows.map(({ from, to, kind }, n) => (
          <Arrow from={at(from)} to={at(to)} kind={kind} name={names[n]} />
        ))}
        {tip && <circle class="al-handle" cx={at(tip.at)[0]} cy={at(tip.at)[1]} r={9} />}
      </svg>
    </div>
  );
}
