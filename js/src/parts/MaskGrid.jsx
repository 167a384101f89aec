// A small grid of queries and keys over a mask: what is hidden is hatched, weight on it is a leak.
import { useRef } from "preact/hooks";
import { number } from "../core/format.js";
import { runsCell } from "../core/keys.js";
import { Grid, cellOf, describeCell } from "./Grid.jsx";
import { useDrag } from "./useDrag.js";

/** The cell of `table` that a pointer is over: what is dragged hears of it wherever it is. */
function cellBelow(table, { clientX, clientY }) {
  const node = table.getRootNode().elementFromPoint(clientX, clientY);
  return node && table.contains(node) ? cellOf(node) : null;
}

/** The brush: pressing turns a cell over, dragging makes others like it; space and Enter paint too. */
function usePainting(table, keep, onPaint) {
  const may = ([i, j]) => keep.peek()[i][j];
  const drag = useDrag(table, {
    holds: Boolean(onPaint),
    grab: ({ target }) => {
      const at = cellOf(target);
      return at && { at, brush: !may(at) };
    },
    onStart: ({ at, brush }) => onPaint(...at, brush),
    onMove: ({ brush }, event) => {
      const at = cellBelow(table.current, event);
      if (at && may(at) !== brush) onPaint(...at, brush);
    },
  });
  if (!onPaint) return {};
  return {
    ...drag,
    onKeyDown: (event) => {
      const at = cellOf(event.target);
      if (!at || ![" ", "Enter"].includes(event.key) || runsCell(event)) return;
      event.preventDefault();
      onPaint(...at, !may(at));
    },
  };
}

/**
 * Signals in: `keep`, `weights`, `scores`, `query`, `selected`. Without `weights` it edits the mask:
 * `onPaint(i, j, may)`. With them it shows a pattern; without `keep` nothing is hidden, and cells tell
 * their `scores` if these are given. The line of `query`, if given, is marked. `onSelect(i, j)` hears of
 * the cell that has the focus. `keys` are the words of `queries` unless given.
 */
export function MaskGrid({ queries, keys = queries, onPaint, ...grid }) {
  const { keep, weights, scores } = grid;
  const table = useRef(null);
  const hands = usePainting(table, keep, onPaint);
  // Between one text and the next the numbers may belong to the other.
  const fits = (matrix) =>
    !matrix || (matrix.length === queries.length && matrix[0].length === keys.length);
  const read = () => {
    const now = { may: keep?.value, weights: weights?.value, scores: scores?.value };
    return Object.values(now).every(fits) ? now : null;
  };
  const name = () => {
    const now = read();
    return now && ((i, j) => nameOf(now, i, j));
  };
  const nameOf = (now, i, j) => {
    const weight = now.weights?.[i][j];
    if (now.scores) return describeCell(queries, i, j, now.scores[i][j], weight, keys);
    const pair = `query ${queries[i]}, key ${keys[j]}: ${now.may[i][j] ? "may attend" : "hidden"}`;
    return weight === undefined ? pair : `${pair}, weight ${number(weight)}`;
  };
  const dots = () => {
    const now = read();
    if (!now) return null;
    const may = (i, j) => now.may?.[i][j] ?? true;
    const rows = [now.may, now.weights].filter(Boolean);
    const hatch = { shape: "hatch", ink: "line", area: (i, j) => (may(i, j) ? NaN : 1) };
    if (!now.weights)
      return {
        rows,
        layers: [hatch, { shape: "check", ink: "ink", area: (i, j) => (may(i, j) ? 1 : NaN) }],
      };
    const weight = (wanted) => (i, j) =>
      may(i, j) === wanted && now.weights[i][j] > 0 ? now.weights[i][j] : NaN;
    return {
      rows,
      layers: [
        hatch,
        { shape: "dot", ink: "weight", area: weight(true) },
        { shape: "square", ink: "wrong", area: weight(false) },
        { text: "0/0", ink: "wrong", area: (i, j) => (Number.isNaN(now.weights[i][j]) ? 1 : NaN) },
      ],
    };
  };
  return <Grid class="al-mask-grid" {...grid} {...{ table, queries, keys, hands, name, dots }} />;
}
