// Attention of one query, tile by tile: the online softmax by hand, and what it is without its parts.
import { softmax } from "./mathematics.js";

/** The places of `n` keys in tiles of `size`; the last tile may be smaller. */
export function cut(n, size) {
  const places = Array.from({ length: n }, (_, j) => j);
  return places.filter((j) => j % size === 0).map((j) => places.slice(j, j + size));
}

/** Which of `n` keys the query at the last of them sees; the rule of attnlib's `window_mask`. */
export const seenBy = (n, window, kept) =>
  Array.from({ length: n }, (_, j) => window === null || j >= n - window || j < kept);

/** Without the tiles that a row of `n` keys in tiles of `size` does not have. */
export const existing = (order, n, size) => order.filter((tile) => tile * size < n);

/** The choice of a number, [line, column], or null where its line is gone. */
export const chosenIn = (order, selected) => (selected?.[0] < order.length ? selected : null);

/** `values`, one for each of `n` keys: a kernel tells of new scores before it tells of their values. */
export const fitted = (values, n) => Array.from({ length: n }, (_, j) => values[j] ?? [0, 0]);

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

/** The sum of `weights` times their vectors of two numbers. */
const mix = (weights, values) => [0, 1].map((d) => sum(weights.map((w, j) => w * values[j][d])));

const START = { total: 0, output: [0, 0] };

/** One more tile, the keys `at`, on what was kept of those before it. */
function take(before, at, { scores, values, maximum, correction }) {
  const own = Math.max(...at.map((j) => scores[j]));
  const top = maximum === "running" ? Math.max(before.top, own) : before.top;
  const factor = before.top === top ? 1 : Math.exp(before.top - top); // −∞ − −∞ is not a number
  const powers = at.map((j) => (scores[j] === -Infinity ? 0 : Math.exp(scores[j] - top)));
  const added = {
    total: sum(powers),
    output: mix(
      powers,
      at.map((j) => values[j]),
    ),
  };
  const outputFactor = correction === "both" ? factor : 1;
  return {
    ...{ before, own, top, factor, outputFactor, powers, added },
    total: before.total * factor + added.total,
    output: before.output.map((value, d) => value * outputFactor + added.output[d]),
  };
}

/** The lines of the ledger: one for each tile of `order`, on the scores that the query sees. */
function ledger(state, tiles) {
  const lines = [];
  let before = { ...START, top: state.maximum === "running" ? -Infinity : 0 };
  for (const tile of state.order) {
    const at = tiles[tile];
    const line = { tile, at, ...take(before, at, state) };
    lines.push(line);
    before = line;
  }
  return lines;
}

/** What each key counts so far, `exp(score − maximum)`; null where it was not read, or is hidden. */
function counts({ scores }, lines) {
  const read = new Set(lines.flatMap(({ at }) => at));
  const counted = (score, j) => read.has(j) && score > -Infinity;
  return scores.map((score, j) => (counted(score, j) ? Math.exp(score - lines.at(-1).top) : null));
}

/**
 * Everything that the figure shows of its state: the `lines` so far and their `result`, the `whole` row at
 * once, and `unmasked`, the output of the row without the window.
 */
export function trace(state) {
  const { scores, values, tile, window, kept } = state;
  const seen = seenBy(scores.length, window, kept);
  const masked = { ...state, scores: scores.map((score, j) => (seen[j] ? score : -Infinity)) };
  const tiles = cut(scores.length, tile);
  const lines = ledger(masked, tiles);
  const { total, output } = lines.at(-1) ?? START;
  const weights = softmax(masked.scores);
  return {
    ...{ tiles, seen, lines, counts: counts(masked, lines), scores: masked.scores },
    result: output.map((value) => value / total),
    whole: { weights, output: mix(weights, values) },
    unmasked: mix(softmax(scores), values),
  };
}

const largestGap = (one, other) => Math.max(...one.map((value, d) => Math.abs(value - other[d])));

/** How far the result is from that of the whole row at once; null while tiles are left. */
export const differenceOf = ({ lines, tiles, result, whole }) =>
  lines.length < tiles.length ? null : largestGap(result, whole.output);

/** How far the window moves the output. */
export const movedBy = ({ whole, unmasked }) => largestGap(whole.output, unmasked);

/** The largest change of a weight from those of `scores`; null where these are more or fewer. */
export function changedFrom(scores, { whole }) {
  return scores.length === whole.weights.length ? largestGap(softmax(scores), whole.weights) : null;
}

const isSound = ({ total, output }) => [total, ...output].every(Number.isFinite);

/** How many lines there are before the first that holds what is no finite number. */
export function soundLines({ lines }) {
  const broken = lines.findIndex((line) => !isSound(line));
  return broken < 0 ? lines.length : broken;
}
