// Queries and keys as arrows in the plane of a head with two dimensions.
import { computed, effect, signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { number, round } from "../core/format.js";
import { dot } from "../core/mathematics.js";
import { atRest } from "../core/rest.js";
import { write } from "../core/write.js";
import { Drawing } from "./Drawing.jsx";

const SIZE = 300;
const CENTRE = SIZE / 2;
const LEAST_REACH = 3;
const ROOM = 1.35; // for names beyond the tips
const TINY = 6; // pixels: an arrow this short is drawn as a point
const GRAB = 22; // pixels: a finger is wide
const KEY_STEP = 0.1;
const MOST_TICKS = 12; // on each half of an axis
const REST = 400; // ms without a change, before the scale settles
const [FAINT, THIN, STRONG] = [0.6, 1.5, 3]; // opacity; widths of arrows, and of chosen ones
const NAMED_FROM = 0.12; // of the reach: shorter arrows crowd the middle

const reachOf = (vectors) =>
  Math.max(LEAST_REACH, ...vectors.flat().map((value) => Math.abs(value) * ROOM));

const fine = (pixels) => Math.round(pixels * 100) / 100;

const same = (a, b) => a && b && a.kind === b.kind && a.token === b.token;

const MARKS = {
  query: [
    [0, 0],
    [-9, -4.5],
    [-9, 4.5],
  ],
  key: [
    [-5, -5],
    [4, -5],
    [4, 4],
    [-5, 4],
  ],
  tiny: Array.from({ length: 12 }, (_, n) => [
    2.5 * Math.cos((n * Math.PI) / 6),
    2.5 * Math.sin((n * Math.PI) / 6),
  ]),
};

/** The corners of an arrow's mark: its tip at (x, y), turned away from the middle. */
function cornersOf(kind, x, y) {
  const length = Math.hypot(x - CENTRE, y - CENTRE);
  const [cos, sin] = length ? [(x - CENTRE) / length, (y - CENTRE) / length] : [1, 0];
  return MARKS[length < TINY ? "tiny" : kind].map(([a, b]) => [
    x + a * cos - b * sin,
    y + a * sin + b * cos,
  ]);
}

/** Arrows that look alike, drawn at once. */
function drawArrows(pen, arrows, { kind, chosen }) {
  const look = { ink: kind, opacity: chosen ? 1 : FAINT };
  for (const { at } of arrows) pen.line(CENTRE, CENTRE, ...at);
  pen.stroke({ ...look, width: chosen ? STRONG : THIN });
  for (const { at } of arrows) pen.shape(cornersOf(kind, ...at));
  pen.fill(look);
  for (const { name, word } of arrows) if (name) pen.name(word, { ...name, ...look });
}

/** Where a name may stand: beside the tip, above it, below it; never over the edge. */
function placesFor(x, y) {
  const inward = {
    x,
    anchor: x > SIZE - 60 ? "end" : x < 60 ? "start" : "middle",
  };
  const beside = {
    ...inward,
    x: x + (x < CENTRE ? -10 : 10),
    y: y + 4,
    anchor: x < CENTRE ? "end" : "start",
  };
  const around = [
    { ...inward, y: y - 10 },
    { ...inward, y: y + 19 },
  ];
  return x > SIZE - 60 || x < 60 ? around : [beside, ...around];
}

/** Names that would lie on one another are moved or left out, the chosen arrows' last. */
function placeNames(items) {
  const taken = [];
  for (const item of [...items].sort((a, b) => b.chosen - a.chosen)) {
    if (item.crowded && !item.chosen) continue;
    item.name = placesFor(...item.at).find((place) =>
      taken.every((other) => Math.abs(other.x - place.x) > 52 || Math.abs(other.y - place.y) > 12),
    );
    if (item.name) taken.push(item.name);
  }
}

/** The selected key's foot on the line of the selected query: a dot product is a length times a length. */
function footOf(query, keyVector) {
  const along = dot(query, keyVector) / dot(query, query);
  return query.map((value) => value * along);
}

function drawProjection(pen, query, keyVector, at) {
  if (dot(query, query) === 0) return;
  const foot = at(footOf(query, keyVector));
  pen.line(...at(keyVector), ...foot);
  pen.stroke({ ink: "weight", width: THIN, dash: [4, 3] });
  pen.dot(...foot, 3);
  pen.fill({ ink: "weight" });
}

/** The ticks of both axes, as one path: the reach may change with every step of a drag. */
function ticksFor(reach) {
  const unit = CENTRE / reach;
  return Array.from({ length: Math.floor(reach) }, (_, n) => n + 1)
    .filter((n) => reach < 8 || n % Math.ceil(reach / 6) === 0)
    .slice(0, MOST_TICKS)
    .flatMap((n) => [fine(CENTRE + n * unit), fine(CENTRE - n * unit)])
    .map((at) => `M${at} ${CENTRE - 3}v6M${CENTRE - 3} ${at}h6`)
    .join("");
}

function Axes({ reach }) {
  const ticks = useMemo(() => computed(() => ticksFor(reach.value)), []);
  return (
    <g class="al-axes">
      <path d={ticks} />
      <line x1={0} y1={CENTRE} x2={SIZE} y2={CENTRE} />
      <line x1={CENTRE} y1={0} x2={CENTRE} y2={SIZE} />
      <text x={4} y={CENTRE + 14}>
        dimension 1
      </text>
      <text x={CENTRE + 6} y={SIZE - 6}>
        dimension 2
      </text>
    </g>
  );
}

function Chooser({ words, pick, onPick }) {
  return (
    <label class="al-field">
      <span>Arrow keys move</span>
      <select
        value={`${pick.kind} ${pick.token}`}
        onChange={(event) => {
          const [kind, token] = event.currentTarget.value.split(" ");
          onPick({ kind, token: Number(token) });
        }}
      >
        {["query", "key"].map((kind) => (
          <optgroup label={kind === "query" ? "queries" : "keys"}>
            {words.map((word, token) => (
              <option value={`${kind} ${token}`}>
                {kind} {word}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

/**
 * The plane's scale must not tremble under a drag: it grows when an arrow would leave the plane and
 * shrinks when the drag rests. `hold(true)` keeps it altogether, `hold(false)` lets go of it.
 */
function calmReach(needed) {
  const held = signal(false);
  const settled = signal(0);
  const rest = atRest(REST);
  let now = 0;
  const settle = () => {
    if (held.peek()) return;
    now = 0;
    settled.value += 1;
  };
  const reach = computed(() => {
    settled.value;
    if (!held.value) now = Math.max(now, needed.value);
    if (now > needed.value) rest.later(settle);
    return now;
  });
  const hold = (on) => {
    held.value = on;
    if (!on) settle();
  };
  return { reach, hold };
}

/** What the plane draws, from its signals: where each arrow ends, and which are chosen. */
function sceneOf({ words, q, k, pick, selected }) {
  const { reach, hold } = calmReach(computed(() => reachOf([...q.value, ...k.value])));
  const at = computed(() => {
    const unit = CENTRE / reach.value;
    return ([x, y]) => [CENTRE + x * unit, CENTRE - y * unit];
  });
  const rank = (kind, token) =>
    same(pick.value, { kind, token })
      ? 2
      : selected.value?.[kind === "query" ? 0 : 1] === token
        ? 1
        : 0;
  const items = computed(() => {
    const crowded = reach.value * NAMED_FROM;
    const of = (kind, vectors) =>
      vectors.map((vector, token) => ({
        ...{ kind, token, vector, word: words.value[token] },
        at: at.value(vector),
        chosen: rank(kind, token),
        crowded: Math.hypot(...vector) < crowded,
      }));
    const all = [...of("key", k.value), ...of("query", q.value)];
    placeNames(all);
    return all;
  });
  const moved = computed(() => items.value.find((item) => same(item, pick.value)));
  const label = computed(() => {
    const { kind, token, vector } = moved.value;
    return `${kind} ${words.value[token]} at ${number(vector[0])}, ${number(vector[1])}. Arrow keys move it.`;
  });
  return { hold, reach, at, items, moved, label };
}

/** The hands on the plane: what is near a pointer, dragging it, and the arrow keys. */
function useHands({ svg, scene, onPick, onMove }) {
  const held = useRef(null);
  const locate = (event) => {
    const box = svg.current.getBoundingClientRect();
    const scale = SIZE / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  };
  const nearest = (event) => {
    const [x, y] = locate(event);
    return scene.items
      .peek()
      .map((item) => ({ item, far: Math.hypot(item.at[0] - x, item.at[1] - y) }))
      .filter(({ far }) => far < GRAB)
      .sort((a, b) => a.far - 6 * a.item.chosen - (b.far - 6 * b.item.chosen))[0]?.item;
  };
  useEffect(() => {
    // A finger on an arrow drags it; a finger anywhere else scrolls the page.
    const hold = (event) => nearest(event.touches[0]) && event.preventDefault();
    svg.current.addEventListener("touchstart", hold, { passive: false });
    return () => svg.current?.removeEventListener("touchstart", hold);
  }, []);
  const release = () => {
    held.current = null;
    scene.hold(false);
  };
  return {
    onPointerDown: (event) => {
      const near = nearest(event);
      if (!near) return;
      svg.current.setPointerCapture(event.pointerId);
      held.current = { kind: near.kind, token: near.token };
      scene.hold(true);
      onPick(held.current);
    },
    onPointerMove: (event) => {
      if (!held.current) return;
      const [x, y] = locate(event);
      const unit = CENTRE / scene.reach.peek();
      const target = [(x - CENTRE) / unit, (CENTRE - y) / unit].map((v) => round(v, 2));
      onMove(held.current.kind, held.current.token, target);
    },
    onPointerUp: release,
    onPointerCancel: release,
    onKeyDown: (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
      if (!(event.key in step)) return;
      event.preventDefault();
      const { kind, token, vector } = scene.moved.peek();
      onMove(
        kind,
        token,
        vector.map((value, d) => round(value + step[event.key][d] * KEY_STEP)),
      );
    },
  };
}

/** Draws the scene, the chosen arrows last. */
function drawScene(pen, scene, { q, k, selected }) {
  const [i, j] = selected.value ?? [];
  if (selected.value) drawProjection(pen, q.value[i], k.value[j], scene.at.value);
  for (const chosen of [0, 1, 2])
    for (const kind of ["key", "query"]) {
      const alike = (item) => item.kind === kind && item.chosen === chosen;
      drawArrows(pen, scene.items.value.filter(alike), { kind, chosen });
    }
}

/** The ring around the tip that is held. */
function Handle({ moved, kind }) {
  const circle = useRef(null);
  useLayoutEffect(
    () =>
      effect(() => {
        const [cx, cy] = moved.value.at;
        write(circle.current, { cx, cy });
      }),
    [],
  );
  return <circle ref={circle} class={`al-handle al-${kind}`} r={9} />;
}

/**
 * Signals in: `words`, `q` and `k` (n_tokens, 2), `pick`: {kind, token} of the arrow the keys move,
 * `selected`: [query, key] or null.
 * `onMove(kind, token, target)` asks for the projection to be changed so that the arrow ends there.
 */
export function Plane({ onPick, onMove, ...signals }) {
  const { words, pick } = signals;
  const svg = useRef(null);
  const scene = useMemo(() => sceneOf(signals), []);
  const draw = useMemo(() => (pen) => drawScene(pen, scene, signals), []);
  const hands = useHands({ svg, scene, onPick, onMove });
  return (
    <div class="al-plane">
      <div class="al-plane-sheet">
        <svg
          ref={svg}
          viewBox={`0 0 ${SIZE} ${SIZE}`}
          tabindex={0}
          role="application"
          aria-roledescription="plane of queries and keys"
          aria-label={scene.label}
          {...hands}
        >
          <Axes reach={scene.reach} />
          <Handle moved={scene.moved} kind={pick.value.kind} />
        </svg>
        <Drawing draw={draw} units={SIZE} />
      </div>
      <Chooser words={words.value} pick={pick.value} onPick={onPick} />
    </div>
  );
}
