// Queries and keys as arrows in the plane of a head with two dimensions.
import { computed, effect, signal } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { number, round } from "../core/format.js";
import { dot, length } from "../core/mathematics.js";
import { ARROWHEAD, LETTERS, drawRing } from "../core/pens.js";
import { atRest } from "../core/rest.js";
import { Drawing } from "./Drawing.jsx";
import { FingerHint } from "./FingerHint.jsx";
import { LETTER, LINE, boxAround, boxOf, isFree } from "./names.js";
import { useName } from "./useName.js";
import { usePlane } from "./usePlane.js";

const SIZE = 300;
const CENTRE = SIZE / 2;
const LEAST_REACH = 3;
const ROOM = 1.35; // for names beyond the tips
const TINY = 6; // pixels: an arrow this short is drawn as a point
const MOST_TICKS = 12; // on each half of an axis
const REST = 400; // ms without a change, before the scale settles
const [FAINT, THIN, STRONG] = [0.6, 1.5, 3]; // opacity; widths of arrows, and of chosen ones
const NAMED_FROM = 0.2; // of the reach: shorter arrows crowd the middle

/** How far the plane must reach for `vectors` and their names. */
function reachOf(vectors) {
  let longest = LEAST_REACH / ROOM;
  for (const vector of vectors)
    longest = Math.max(longest, Math.abs(vector[0]), Math.abs(vector[1]));
  return longest * ROOM;
}

const fine = (pixels) => Math.round(pixels * 100) / 100;

const same = (a, b) => a && b && a.kind === b.kind && a.token === b.token;

const MARKS = {
  query: ARROWHEAD,
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

/** An arrow's mark: its tip at (x, y), turned away from the middle. */
function drawMark(pen, kind, x, y) {
  const far = length([x - CENTRE, y - CENTRE]);
  const [cos, sin] = far ? [(x - CENTRE) / far, (y - CENTRE) / far] : [1, 0];
  pen.shape(MARKS[far < TINY ? "tiny" : kind], { x, y, cos, sin });
}

/** Arrows that look alike, drawn at once. */
function drawArrows(pen, arrows, { kind, chosen }) {
  if (!arrows.length) return;
  const look = { ink: kind, opacity: chosen ? 1 : FAINT };
  for (const { x, y } of arrows) pen.line(CENTRE, CENTRE, x, y);
  pen.stroke({ ...look, width: chosen ? STRONG : THIN });
  for (const { x, y } of arrows) drawMark(pen, kind, x, y);
  pen.fill(look);
  for (const { name, word } of arrows) if (name) pen.name(word, name, look);
}

const EDGE = 60; // a name of ordinary size would reach over it
const TIP = 6; // pixels around a tip that names keep off
const [BESIDE, ABOVE, BELOW] = [10, -10, 19]; // from a tip to its name's line

/** Where a name may stand: beside the tip, above it, below it; never over the edge. */
function placesOf({ x, y }, large) {
  const edge = EDGE * large;
  const nearEdge = x > SIZE - edge || x < edge;
  const anchor = x > SIZE - edge ? "end" : x < edge ? "start" : "middle";
  const beside =
    x < CENTRE
      ? { x: x - BESIDE, y: y + 4, anchor: "end" }
      : { x: x + BESIDE, y: y + 4, anchor: "start" };
  const stacked = [ABOVE, BELOW * large].map((down) => ({ x, y: y + down, anchor }));
  return nearEdge ? stacked : [beside, ...stacked];
}

/**
 * Names off the tips and off one another, the chosen arrows' first; others' are left out without room.
 * They are `large` times as large as ordinary ones.
 */
function placeNames(items, large) {
  const box = (place, text) => boxOf({ ...place, text }, LETTER * large, LINE * large);
  const full = items.map(({ x, y }) => boxAround([x, y], TIP));
  for (const chosen of [2, 1, 0])
    for (const item of items) {
      if (item.chosen !== chosen) continue;
      item.name = null;
      if (item.crowded && !chosen) continue;
      const places = placesOf(item, large);
      const free = places.find((place) => isFree(box(place, item.word), full));
      item.name = free ?? (chosen ? places[0] : null);
      if (item.name) full.push(box(item.name, item.word));
    }
}

/** The selected key's foot on the line of the selected query: a dot product is a length times a length. */
function footOf(query, keyVector) {
  const along = dot(query, keyVector) / dot(query, query);
  return query.map((value) => value * along);
}

function drawProjection(pen, query, keyVector, at) {
  if (dot(query, query) === 0) return;
  const [tip, foot] = [at(keyVector), at(footOf(query, keyVector))];
  pen.line(tip.x, tip.y, foot.x, foot.y);
  pen.stroke({ ink: "weight", width: THIN, dash: [4, 3] });
  pen.dot(foot.x, foot.y, 3);
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
  const ticks = useRef(null);
  useLayoutEffect(() => effect(() => ticks.current.setAttribute("d", ticksFor(reach.value))), []);
  return (
    <g class="al-axes">
      <path ref={ticks} />
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
    return ([x, y]) => ({ x: CENTRE + x * unit, y: CENTRE - y * unit });
  });
  const items = computed(() => {
    const least = reach.value * NAMED_FROM;
    const place = at.value;
    const of = (kind, opened) => (vector, token) => {
      const { x, y } = place(vector);
      const moves = kind === pick.value.kind && token === pick.value.token;
      const chosen = moves ? 2 : token === opened ? 1 : 0;
      const crowded = length(vector) < least;
      return { kind, token, word: words.value[token], vector, x, y, chosen, crowded, name: null };
    };
    const [query, key] = selected.value ?? [];
    return k.value.map(of("key", key)).concat(q.value.map(of("query", query)));
  });
  const moved = computed(() => items.value.find((item) => same(item, pick.value)));
  const label = computed(() => {
    const { kind, token, vector } = moved.value;
    return `${kind} ${words.value[token]} at ${number(vector[0])}, ${number(vector[1])}. Arrow keys move it.`;
  });
  return { hold, reach, at, items, moved, label };
}

/** Draws the scene, the chosen arrows last. */
function drawScene(pen, scene, { q, k, selected }) {
  pen.clear();
  placeNames(scene.items.value, pen.letters / LETTERS);
  const [i, j] = selected.value ?? [];
  if (selected.value) drawProjection(pen, q.value[i], k.value[j], scene.at.value);
  for (const chosen of [0, 1, 2])
    for (const kind of ["key", "query"]) {
      const alike = (item) => item.kind === kind && item.chosen === chosen;
      drawArrows(pen, scene.items.value.filter(alike), { kind, chosen });
    }
  drawRing(pen, scene.moved.value, scene.moved.value.kind);
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
  const moveTo = ({ kind, token }, target) =>
    onMove(
      kind,
      token,
      target.map((value) => round(value, 2)),
    );
  const hands = usePlane({
    ...{ svg, size: SIZE },
    held: () => scene.moved.peek(),
    tips: () => scene.items.peek().map((item) => ({ ...item, favour: 6 * item.chosen })),
    onGrab: ({ kind, token }) => {
      scene.hold(true);
      onPick({ kind, token });
    },
    onDrag: (tip, [x, y]) => {
      const unit = CENTRE / scene.reach.peek();
      moveTo(tip, [(x - CENTRE) / unit, (CENTRE - y) / unit]);
    },
    onRelease: () => scene.hold(false),
    onStep: (step) => {
      const tip = scene.moved.peek();
      onMove(
        tip.kind,
        tip.token,
        tip.vector.map((value, d) => round(value + step[d])),
      );
    },
  });
  useName(svg, scene.label);
  return (
    <div class="al-plane">
      <div class="al-plane-sheet">
        <svg
          ref={svg}
          viewBox={`0 0 ${SIZE} ${SIZE}`}
          tabindex={0}
          role="application"
          aria-roledescription="plane of queries and keys"
          {...hands}
        >
          <Axes reach={scene.reach} />
        </svg>
        <Drawing draw={draw} units={SIZE} />
      </div>
      <FingerHint />
      <Chooser words={words.value} pick={pick.value} onPick={onPick} />
    </div>
  );
}
