// A grid of queries and keys. Its cells are written directly, one effect for all, because a drag changes
// every one of them sixty times a second. The dots are one drawing over the table.
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { effect, signal } from "@preact/signals";
import { number } from "../core/format.js";
import { NAMES_AFTER, unhurried } from "../core/rest.js";
import { Drawing } from "./Drawing.jsx";
import { walk } from "./MatrixEditor.jsx";

/** What a cell tells; the keys are of the same text unless `keys` is given. */
export function describeCell(queries, i, j, score, weight, keys = queries) {
  return `query ${queries[i]}, key ${keys[j]}: score ${number(score)}, weight ${number(weight)}`;
}

const LEAST_DOT = 0.08; // of a full dot, so that none disappears
const FULL_DOT = 0.83; // of a cell

/** Query and key of the element `node` is in, or null. */
export function cellOf(node) {
  const cell = node.closest("td[data-at]");
  return cell && cell.dataset.at.split(",").map(Number);
}

/** Where the table has put its columns and rows, and how large a dot may be. */
function measureCells(table) {
  const origin = table.getBoundingClientRect();
  const boxes = (nodes) => [...nodes].map((node) => node.getBoundingClientRect());
  const columns = boxes(table.querySelectorAll("tbody tr:first-child td"));
  const rows = boxes(table.querySelectorAll("tbody td:nth-child(2)"));
  return {
    x: columns.map((box) => box.left - origin.left + box.width / 2),
    y: rows.map((box) => box.top - origin.top + box.height / 2),
    full: (FULL_DOT / 2) * Math.min(...columns.map((box) => box.width), rows[0].height),
  };
}

const CHECK = [
  ...[
    [-0.45, 0],
    [-0.15, 0.35],
    [0.45, -0.4],
  ],
  ...[
    [0.36, -0.47],
    [-0.16, 0.18],
    [-0.37, -0.07],
  ],
];
const STRIP = 0.045; // half of a strip's breadth, across
const HATCHED = 0.95; // of a cell

/** Strips at a slant, for what is hidden. */
const HATCH = [-1.2, -0.6, 0, 0.6, 1.2].map((sum) => {
  const [from, to] = [Math.max(-1, sum - 1), Math.min(1, sum + 1)]; // where x + y is the sum
  const side = (off) => [from, to].map((x) => [x + off, sum - x + off]);
  return [...side(-STRIP), ...side(STRIP).reverse()];
});

/** Half a disc, on the left; turned over it is the right one. */
const HALF = Array.from({ length: 17 }, (_, n) => [
  -Math.sin((n * Math.PI) / 16),
  Math.cos((n * Math.PI) / 16),
]);

const SHAPES = {
  left: (pen, x, y, size) => pen.shape(HALF, { x: x - 0.5, y, cos: size, sin: 0 }),
  right: (pen, x, y, size) => pen.shape(HALF, { x: x + 0.5, y, cos: -size, sin: 0 }),
  hatch: (pen, x, y, size) => {
    const half = (HATCHED * size) / FULL_DOT;
    for (const strip of HATCH) pen.shape(strip, { x, y, cos: half, sin: 0 });
  },
  dot: (pen, x, y, size) => pen.dot(x, y, size),
  square: (pen, x, y, size) => pen.square(x, y, size),
  check: (pen, x, y, size) => pen.shape(CHECK, { x, y, cos: size, sin: 0 }),
};

const BASELINE = 4; // pixels below the middle

/** Draws the lines `of`. `layers`: `{shape, ink, area(i, j)}`, where no area is no shape; or a `text`. */
function drawLines(pen, layers, of, { x, y, full }, flipped) {
  const n_keys = (flipped ? y : x).length;
  for (const { shape, text, ink, area } of layers) {
    for (const i of of)
      for (let j = 0; j < n_keys; j++) {
        const size = full * Math.max(LEAST_DOT, Math.sqrt(area(i, j)));
        if (!(size > 0)) continue;
        const left = x[flipped ? i : j];
        const top = y[flipped ? j : i];
        if (text) pen.name(text, { x: left, y: top + BASELINE, anchor: "middle" }, { ink });
        else SHAPES[shape](pen, left, top, size);
      }
    if (shape) pen.fill({ ink });
  }
}

/** Clears the lines `of`, those that follow one another at once. */
function clearLines(pen, of, { x, y, full }, flipped) {
  const half = full / FULL_DOT;
  const middles = flipped ? x : y;
  for (let n = 0, end; n < of.length; n = end) {
    for (end = n + 1; of[end] === of[end - 1] + 1;) end++;
    const from = middles[of[n]] - half;
    const breadth = middles[of[end - 1]] + half - from;
    if (flipped) pen.clear(from, undefined, breadth);
    else pen.clear(undefined, from, undefined, breadth);
  }
}

/** A drawing of `dots()` at `spots` that draws again only the lines whose `rows` are other arrays. */
function drawingOf(dots, spots, flipped) {
  let drawn = null;
  return (pen, anew) => {
    const [at, now] = [spots.value, dots()];
    if (!at || !now) {
      pen.clear();
      drawn = null;
      return;
    }
    const count = (flipped ? at.x : at.y).length;
    const before = anew || drawn?.at !== at ? null : drawn.rows;
    const isAsBefore = (i) => before && now.rows.every((rows, n) => rows[i] === before[n][i]);
    const changed = Array.from({ length: count }, (_, i) => i).filter((i) => !isAsBefore(i));
    if (changed.length === count) pen.clear();
    else clearLines(pen, changed, at, flipped);
    drawLines(pen, now.layers, changed, at, flipped);
    drawn = { at, rows: now.rows };
  };
}

/** The drawing of the dots, wherever the table's cells are. */
function useDots(table, structure, dots, flipped) {
  const spots = useMemo(() => signal(null), []);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => (spots.value = measureCells(table.current)));
    observer.observe(table.current);
    return () => {
      observer.disconnect();
      spots.value = null;
    };
  }, [structure]);
  return useMemo(() => drawingOf(dots, spots, flipped), [structure]);
}

function writeLook(cell, next) {
  const before = cell.look;
  if (before === next) return;
  if (before?.mark !== next.mark) mark(cell, "mark", next.mark);
  if (before?.text !== next.text) cell.firstChild.textContent = next.text;
  if (before?.fill !== next.fill) cell.style.background = next.fill ?? "";
  cell.look = next;
}

/** Cells have two marks: what is in them, and whether their line is the one that asks. */
function mark(cell, which, name) {
  cell[which] = name;
  cell.className = `al-cell ${cell.mark ?? ""} ${cell.line ?? ""}`;
}

/** Everything that is written into the cells. */
function useWriting(table, structure, { look, name, selected, query }) {
  useLayoutEffect(() => {
    const cells = [...table.current.querySelectorAll("td[data-at]")].map((cell) => {
      const [i, j] = cellOf(cell);
      return { cell, i, j };
    });
    const names = unhurried(NAMES_AFTER);
    const stops = [
      effect(() => {
        const lookOf = look?.();
        if (lookOf) for (const { cell, i, j } of cells) writeLook(cell, lookOf(i, j));
      }),
      effect(() => {
        const nameOf = name();
        if (!nameOf) return;
        names.run(() => {
          for (const { cell, i, j } of cells) cell.setAttribute("aria-label", nameOf(i, j));
        });
      }),
      effect(() => {
        const [a, b] = selected.value ?? [0, 0];
        for (const { cell, i, j } of cells) {
          const here = i === a && j === b;
          cell.tabIndex = here ? 0 : -1;
          cell.setAttribute("aria-selected", here && selected.value !== null);
        }
      }),
      effect(() => {
        for (const { cell, i } of cells) mark(cell, "line", i === query?.value ? "al-in-row" : "");
      }),
    ];
    return () => {
      names.cancel();
      stops.forEach((stop) => stop());
    };
  }, [structure]);
}

/**
 * `look()`, `name()` and `dots()` read signals and are told apart by the words and `flipped` alone. They
 * give functions of query and key: a look `{text, mark, fill}` (without `look` cells hold no text), a name;
 * and the `layers` of the drawing, with the matrices whose `rows` decide what is on a line. Each may give
 * null while its numbers belong to other words. Signals: `selected`, and `query`, whose line is marked.
 * `hands` are further listeners of the `table`, a ref; `onSelect(i, j)` hears of the cell that has the focus.
 */
export function Grid({ class: kind, label, queries, keys, flipped, hands, onSelect, ...cells }) {
  const own = useRef(null);
  const table = cells.table ?? own;
  const structure = JSON.stringify([queries, keys, flipped]);
  const [rows, columns] = flipped ? [keys, queries] : [queries, keys];
  const [rowKind, columnKind] = flipped ? ["key", "query"] : ["query", "key"];
  const place = (r, c) => (flipped ? [c, r] : [r, c]);
  useWriting(table, structure, cells);
  const draw = useDots(table, structure, cells.dots, flipped);
  const onKeyDown = (event) => {
    const at = cellOf(event.target);
    const to = at && walk(event.key, place(...at), [rows.length, columns.length]);
    if (!to) return hands?.onKeyDown?.(event);
    event.preventDefault();
    table.current.querySelector(`[data-at="${place(...to)}"]`).focus();
  };
  const choose = (event) => {
    const at = cellOf(event.target);
    if (at) onSelect(...at);
  };
  const sheet = useMemo(
    () => (
      <>
        <thead>
          <tr>
            <td class="al-corner" role="presentation" />
            {columns.map((word) => (
              <th scope="col" class={`al-${columnKind}`}>
                <span>{word}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((word, r) => (
            <tr>
              <th scope="row" class={`al-${rowKind}`}>
                <span>{word}</span>
              </th>
              {columns.map((_, c) => (
                <td role="gridcell" data-at={place(r, c).join()}>
                  {cells.look && <span> </span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </>
    ),
    [structure],
  );
  return (
    <div class={`al-sheet ${kind}`}>
      <table
        ref={table}
        key={structure}
        role="grid"
        aria-label={`${label}, ${flipped ? "columns are queries" : "rows are queries"}`}
        onFocusIn={choose}
        onClick={choose}
        {...hands}
        onKeyDown={onKeyDown}
      >
        {sheet}
      </table>
      <Drawing class="al-dots" draw={draw} />
    </div>
  );
}
