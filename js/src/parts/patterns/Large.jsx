// The chosen head, large: a grid of the queries and keys that there is room for, and where these stand.
import { computed } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { Squares, brief, mosaicOf } from "../../core/patterns.js";
import { Drawing } from "../Drawing.jsx";
import { Grid, cellOf } from "../Grid.jsx";
import { Slider } from "../Slider.jsx";

const FEW = 12; // tokens: their cells may be larger
const WHOLE = 256; // units across the picture of all tokens

/** What the grid draws of an edge: a dot's area is its share of what it may be. */
function layersOf(now, show) {
  const hidden = { shape: "hatch", ink: "line", area: (i, j) => (now.may(i, j) ? NaN : 1) };
  const share = (rows, most) => (i, j) => (rows[i][j] > 0 ? rows[i][j] / most : NaN);
  const weight = { ink: "weight", area: share(now.weights, 1) };
  if (!now.added) return [hidden, { shape: "dot", ...weight }];
  const added = { ink: "value", area: share(now.added, now.longest || 1) };
  if (show === "added") return [hidden, { shape: "dot", ...added }];
  if (show === "both") return [hidden, { shape: "left", ...weight }, { shape: "right", ...added }];
  return [hidden, { shape: "dot", ...weight }];
}

/** The way of a key that would leave the grid where the text goes on: `[queries, keys]`. */
function beyond(key, [row, column], { rows, columns }) {
  if (key === "ArrowUp" && row === 0) return [-1, 0];
  if (key === "ArrowDown" && row === rows - 1) return [1, 0];
  if (key === "ArrowLeft" && column === 0) return [0, -1];
  if (key === "ArrowRight" && column === columns - 1) return [0, 1];
  return null;
}

/** Arrow keys at the grid's edge bring the tokens behind it. */
function useWalkOn({ s, g, box, span, flipped }) {
  const waiting = useRef(null);
  useLayoutEffect(() => {
    if (!waiting.current) return;
    box.current.querySelector(`[data-at="${waiting.current}"]`)?.focus();
    waiting.current = null;
  });
  return (event) => {
    const at = cellOf(event.target);
    if (!at) return;
    const turned = (pair) => (flipped ? [pair[1], pair[0]] : pair);
    const [rows, columns] = turned(span);
    const way = beyond(event.key, turned(at), { rows, columns });
    if (!way) return;
    const corner = g.corner.peek();
    const by = turned(way).map((one, axis) => one * Math.ceil(span[axis] / 2));
    const to = g.clampCorner(corner.map((first, axis) => first + by[axis]));
    if (to.join() === corner.join()) return;
    event.preventDefault();
    event.stopPropagation();
    waiting.current = at.map((place, axis) => {
      const token = corner[axis] + place + Math.sign(by[axis]);
      return Math.min(span[axis] - 1, Math.max(0, token - to[axis]));
    });
    s.corner.value = to;
  };
}

function View({ g, s, onSelect }) {
  const box = useRef(null);
  const [fromQuery, fromKey] = g.corner.value;
  const span = g.span;
  const flipped = s.orientation.value === "columns";
  const [queries, keys] = [
    g.queries.slice(fromQuery, fromQuery + span[0]).map(brief),
    g.keys.slice(fromKey, fromKey + span[1]).map(brief),
  ];
  const walkOn = useWalkOn({ s, g, box, span, flipped });
  const { selected, query } = useMemo(
    () => ({
      selected: computed(() => g.inView(s.selected.value)),
      query: computed(() => g.query.value - g.corner.value[0]),
    }),
    [],
  );
  const dots = () => {
    const now = g.view.value;
    return { rows: [now.weights, now.token], layers: layersOf(now, s.show.value) };
  };
  const name = () => {
    const now = g.view.value;
    return (i, j) => g.tell(fromQuery + i, fromKey + j, now.weights[i][j], now.added?.[i][j]);
  };
  return (
    <div class="al-scroll" ref={box} onKeyDownCapture={walkOn}>
      <Grid
        key={`${fromQuery} ${fromKey}`}
        class={`al-mask-grid al-large-grid ${Math.max(...span) <= FEW ? "al-few" : ""}`}
        label={`Head ${g.headName(g.head.value)}`}
        {...{ queries, keys, flipped, dots, name, selected, query }}
        onSelect={(i, j) => onSelect(fromQuery + i, fromKey + j)}
      />
    </div>
  );
}

function Slide({ label, words, first, span, onChange }) {
  if (words.length <= span) return null;
  const last = first + span;
  return (
    <label class="al-field">
      <span>{label}</span>
      <Slider
        min={0}
        max={words.length - span}
        step={1}
        value={first}
        aria-label={`first of the ${label}`}
        aria-valuetext={`${first + 1} to ${last} of ${words.length}, from ${words[first]}`}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
      />
      <span>
        {first + 1}–{last} of {words.length}
      </span>
    </label>
  );
}

/** The whole pattern of the chosen head, and the frame of what the grid shows of it. */
function drawWhole(pen, { s, g }) {
  pen.clear();
  const flipped = s.orientation.value === "columns";
  const squares = new Squares(g.shape);
  const place = { squares, order: [g.head.value], columns: 1, tile: WHOLE, line: WHOLE, gap: 0 };
  for (const { bytes, ink, opacity } of g.layers.value)
    pen.shade(mosaicOf({ bytes, ...place, scale: pen.scale, flipped, only: null }), {
      ink,
      opacity,
    });
  const counts = [g.queries.length, g.keys.length];
  const [first, long] = [g.corner.value, g.span].map((pair) =>
    pair.map((tokens, axis) => (tokens / counts[axis]) * WHOLE),
  );
  const [x, y, width, height] = flipped
    ? [first[0], first[1], ...long]
    : [first[1], first[0], long[1], long[0]];
  pen.box(x + 1, y + 1, Math.max(4, width - 2), Math.max(4, height - 2));
  pen.stroke({ ink: "ink", width: 2 });
}

function Whole({ s, g }) {
  const draw = useMemo(() => (pen) => drawWhole(pen, { s, g }), []);
  const go = (event) => {
    if (event.type === "pointermove" && !(event.buttons && event.pointerType === "mouse")) return;
    const box = event.currentTarget.getBoundingClientRect();
    const parts = [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width];
    if (s.orientation.value === "columns") parts.reverse();
    const counts = [g.queries.length, g.keys.length];
    s.corner.value = g.clampCorner(
      parts.map((part, axis) => Math.round(part * counts[axis] - g.span[axis] / 2)),
    );
  };
  return (
    <div class="al-overview" onClick={go} onPointerMove={go} data-in-picture>
      <Drawing units={WHOLE} draw={draw} />
    </div>
  );
}

/** `onSelect(query, key)` hears of the edge that has the focus. */
export function Large({ s, g, onSelect }) {
  const [fromQuery, fromKey] = g.corner.value;
  const move = (axis) => (first) => {
    const corner = [...g.corner.peek()];
    corner[axis] = first;
    s.corner.value = corner;
  };
  const isPart = g.span[0] < g.queries.length || g.span[1] < g.keys.length;
  const turned = s.orientation.value === "columns";
  return (
    <div class="al-large">
      <p class="al-strip-title al-axes">
        Head {g.headName(g.head.value)}: <span class="al-query">queries</span> in{" "}
        {s.orientation.value}, <span class="al-key">keys</span> in {turned ? "rows" : "columns"}
      </p>
      {isPart && (
        <div class="al-window">
          <Whole {...{ s, g }} />
          <div class="al-window-ways" data-not-in-picture>
            <Slide
              label="queries"
              words={g.queries}
              first={fromQuery}
              span={g.span[0]}
              onChange={move(0)}
            />
            <Slide
              label="keys"
              words={g.keys}
              first={fromKey}
              span={g.span[1]}
              onChange={move(1)}
            />
            <p class="al-hint">
              Press a place in the small picture to see it below. Arrow keys at the grid's edge walk
              on.
            </p>
          </div>
        </div>
      )}
      <View {...{ s, g, onSelect }} />
    </div>
  );
}
