// A small grid of queries and keys over a mask: what is hidden is hatched, weight on it is a leak.
import { useMemo, useRef } from "preact/hooks";
import { number } from "../core/format.js";
import { walk } from "./MatrixEditor.jsx";
import { describeCell } from "./PatternGrid.jsx";

const LEAST_DOT = 0.08; // of a full dot, so that none disappears

/** A finger stays with the cell it began on unless it is let go: then events name the cell below it. */
function letGo({ target, pointerId }) {
  if (target.hasPointerCapture(pointerId)) target.releasePointerCapture(pointerId);
}

function cellAt({ target }) {
  const cell = target.closest("td[data-at]");
  return cell && placeOf(cell);
}

const placeOf = (cell) => cell.dataset.at.split(",").map(Number);

function usePainting(keep, onPaint) {
  const brush = useRef(null);
  if (!onPaint) return {};
  const stop = () => (brush.current = null);
  return {
    onPointerDown: (event) => {
      const at = event.button === 0 && cellAt(event);
      if (!at) return;
      letGo(event);
      brush.current = !keep[at[0]][at[1]];
      onPaint(...at, brush.current);
    },
    onPointerMove: (event) => {
      if (brush.current === null) return;
      const at = cellAt(event);
      if (at && keep[at[0]][at[1]] !== brush.current) onPaint(...at, brush.current);
    },
    onPointerUp: stop,
    onPointerCancel: stop,
    onPointerLeave: stop,
  };
}

/** Walks the grid by the arrow keys; space and Enter paint. */
function useKeys({ table, shape, keep, place, onPaint }) {
  return (event) => {
    const cell = event.target.closest("td[data-at]");
    if (!cell) return;
    const [i, j] = placeOf(cell);
    if (onPaint && [" ", "Enter"].includes(event.key)) {
      event.preventDefault();
      return onPaint(i, j, !keep[i][j]);
    }
    const to = walk(event.key, place(i, j), shape);
    if (!to) return;
    event.preventDefault();
    table.current.querySelector(`[data-at="${place(...to)}"]`).focus();
  };
}

// Functions, not components: there are hundreds of cells, and a component each is slow to mount.
function content(weight, may) {
  if (weight === undefined) return may ? "✓" : "";
  if (Number.isNaN(weight)) return <span class="al-broken">0/0</span>;
  if (weight === 0) return "";
  return (
    <span
      class="al-dot"
      style={{ transform: `scale(${Math.max(LEAST_DOT, Math.sqrt(weight))})` }}
    />
  );
}

function nameOf(queries, keys, { i, j, may, weight, score }) {
  if (score !== undefined) return describeCell(queries, i, j, score, weight, keys);
  const pair = `query ${queries[i]}, key ${keys[j]}: ${may ? "may attend" : "hidden"}`;
  return weight === undefined ? pair : `${pair}, weight ${number(weight)}`;
}

function cell(queries, keys, look) {
  const { i, j, may, weight, asks, active, chosen } = look;
  return (
    <td
      role="gridcell"
      data-at={`${i},${j}`}
      class={`al-cell ${may ? "" : "al-masked"} ${!may && weight > 0 ? "al-leak" : ""} ${asks ? "al-in-row" : ""}`}
      tabIndex={active ? 0 : -1}
      aria-label={nameOf(queries, keys, look)}
      aria-selected={chosen}
    >
      {content(weight, may)}
    </td>
  );
}

/** One row as drawn: a stroke of the brush changes few, and the others stay the elements they are. */
function Row({ word, queries, keys, kind, cells }) {
  return useMemo(
    () => (
      <tr>
        <th scope="row" class={`al-${kind}`}>
          <span>{word}</span>
        </th>
        {cells.map((look) => cell(queries, keys, look))}
      </tr>
    ),
    [word, queries, keys, kind, cells.map((look) => Object.values(look).join()).join(";")],
  );
}

function Head({ words, kind }) {
  return useMemo(
    () => (
      <thead>
        <tr>
          <td class="al-corner" role="presentation" />
          {words.map((word) => (
            <th scope="col" class={`al-${kind}`}>
              <span>{word}</span>
            </th>
          ))}
        </tr>
      </thead>
    ),
    [words, kind],
  );
}

/**
 * Without `weights` it edits the mask: `onPaint(i, j, may)`. With them it shows a pattern; without
 * `keep` nothing is hidden, and cells tell their `scores`. The line of `query`, if given, is marked.
 * `onSelect(i, j)` hears of the cell that has the focus. `keys` are the words of `tokens` unless given.
 */
export function MaskGrid(grid) {
  const { label, tokens: queries, keys = queries, keep, weights, scores, query, flipped } = grid;
  const { selected, onPaint, onSelect } = grid;
  const [rows, columns] = flipped ? [keys, queries] : [queries, keys];
  const table = useRef(null);
  const place = (r, c) => (flipped ? [c, r] : [r, c]);
  const [rowKind, columnKind] = flipped ? ["key", "query"] : ["query", "key"];
  const painting = usePainting(keep, onPaint);
  const onKeyDown = useKeys({ table, shape: [rows.length, columns.length], keep, place, onPaint });
  const choose = (event) => {
    const cell = event.target.closest("td[data-at]");
    if (cell) onSelect(...placeOf(cell));
  };
  const [a, b] = selected ?? [0, 0];
  const cellOf = ([i, j]) => {
    const active = i === a && j === b;
    const chosen = active && selected !== null;
    const look = { i, j, may: keep?.[i][j] ?? true, asks: i === query, active, chosen };
    return { ...look, weight: weights?.[i][j], score: scores?.[i][j] };
  };
  return (
    <table
      ref={table}
      role="grid"
      class="al-mask-grid"
      aria-label={`${label}, ${flipped ? "columns are queries" : "rows are queries"}`}
      onKeyDown={onKeyDown}
      onFocusIn={choose}
      onClick={choose}
      {...painting}
    >
      <Head words={columns} kind={columnKind} />
      <tbody>
        {rows.map((word, r) => (
          <Row
            {...{ word, queries, keys, kind: rowKind }}
            cells={columns.map((_, c) => cellOf(place(r, c)))}
          />
        ))}
      </tbody>
    </table>
  );
}
