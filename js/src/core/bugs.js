// Attention gone wrong on purpose, and its symptoms: attnlib/bugs.py, for the browser.
import { entropy, matmul, scores as dotProducts, softmax } from "./mathematics.js";

const HALF_HIDDEN = -1e9;
const TINY = 1e-9;
const DEAD = 0.01;
const HALF = { largest: 65520, digits: 10, smallestExponent: -14 };

const transpose = (matrix) => matrix[0].map((_, j) => matrix.map((row) => row[j]));
const largest = (numbers) => Math.max(...numbers);
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
/** The largest of those that are numbers; not a number where there is none. */
const largestKnown = (numbers) => {
  const some = known(numbers);
  return some.length ? largest(some) : NaN;
};
const known = (numbers) => numbers.filter((value) => !Number.isNaN(value));
const extremes = (numbers) => [Math.min(...numbers), Math.max(...numbers)];

/** The nearest number of half precision (10 binary digits after the first), ties to even. */
export function half(value) {
  if (value === 0 || Number.isNaN(value)) return value;
  const size = Math.abs(value);
  if (size >= HALF.largest) return Math.sign(value) * Infinity;
  const exponent = Math.max(Math.floor(Math.log2(size)), HALF.smallestExponent);
  const step = 2 ** (exponent - HALF.digits);
  const steps = Math.floor(size / step);
  const rest = size / step - steps;
  const up = rest > 0.5 || (rest === 0.5 && steps % 2 === 1);
  return Math.sign(value) * (steps + up) * step;
}

/** The numbers of `w` read column by column into rows of its own shape: a transpose forgotten. */
function onItsSide(w) {
  const numbers = transpose(w).flat();
  return w.map((row, a) => row.map((_, d) => numbers[a * row.length + d]));
}

/** What a reshape without a transpose takes for the first of two heads that are alike. */
const firstOfTwo = (rows) => rows.map((_, i) => rows[Math.floor(i / 2)]);

/** Whoever may see a key may see the one before it: what <= for < makes of a window. */
const widened = (keep) => keep.map((row) => row.map((may, j) => may || row[j + 1] === true));

/** Softmax as the formula has it: a row of minus infinities is not a number. */
function bySimpleFormula(row) {
  const top = largest(row);
  const powers = row.map((score) => Math.exp(score - top));
  return powers.map((power) => half(power / sum(powers)));
}

const along = (axis, rows, f) => (axis ? transpose(transpose(rows).map(f)) : rows.map(f));

/**
 * One head with `bugs` in it: raw scores, what enters the softmax, weights, what is added.
 * @param {{x: number[][], head: object, keep: boolean[][], bugs: string[]}} setting
 */
export function trace({ x, head, keep, bugs }) {
  const has = (bug) => bugs.includes(bug);
  const [d_model, d_head] = [head.w_q.length, head.w_q[0].length];
  const divisor = has("unscaled") ? 1 : Math.sqrt(has("d_model") ? d_model : d_head);
  const w_k = has("transposed") ? onItsSide(head.w_k) : head.w_k;
  const split = has("reshape") ? firstOfTwo : (rows) => rows;
  const [q, k, v] = [head.w_q, w_k, head.w_v].map((w) => split(matmul(x, w)));
  const scores = dotProducts(q, k, 1 / divisor);
  const meant = has("wide") ? widened(keep) : keep;
  const seen = has("inverted") ? meant.map((row) => row.map((may) => !may)) : meant;
  const where = (rows, otherwise) =>
    rows.map((row, i) => row.map((value, j) => (seen[i][j] ? value : otherwise(value))));
  const columns = has("axis");
  let [entering, weights] = [scores, null];
  if (has("half")) {
    const rounded = scores.map((row) => row.map(half));
    entering = where(rounded, (score) => half(score + half(HALF_HIDDEN)));
    weights = along(columns, entering, bySimpleFormula);
  } else if (has("after")) {
    weights = where(along(columns, scores, softmax), () => 0);
  } else {
    entering = where(scores, () => -Infinity);
    weights = along(columns, entering, softmax);
  }
  const output = matmul(matmul(weights, v), head.w_o);
  return { divisor, q, scores, entering, weights, output, seen };
}

/** What can be measured of a pattern; attnlib.bugs.Symptoms says what each of these is. */
export function symptoms(setting) {
  const { x, keep } = setting;
  const [traced, right] = [trace(setting), trace({ ...setting, bugs: [] })];
  const { weights } = traced;
  const cells = weights.flat();
  const hidden = keep.flat().map((may) => !may);
  const chosen = weights.filter((_, i) => sum(keep[i]) > 1);
  const slopes = chosen.map((row) => largest(row.map((w) => w * (1 - w))));
  const bits = weights.filter((_, i) => keep[i].includes(true)).map(undecided);
  const sideways = transpose(weights).filter((_, j) => keep.some((row) => row[j]));
  const total = sum(known(cells));
  return {
    rows: extremes(weights.filter((_, i) => keep[i].includes(true)).map(sum)),
    columns: extremes(sideways.map(sum)),
    leak: sum(known(cells.filter((_, n) => hidden[n]))) / (total || 1),
    entropy: sum(bits) / bits.length,
    alive: slopes.filter((slope) => slope >= DEAD).length / slopes.length,
    nans: cells.length - known(cells).length,
    past: movedPast(setting, traced),
    ratio: ratios(traced.scores.flat(), right.scores.flat()),
    error: largestKnown(cells.map((w, n) => Math.abs(w - right.weights.flat()[n]))),
    touched: touchedQueries(setting, traced),
  };
}

/** Bits of a row; not a number where one of its weights is none. */
const undecided = (row) => (row.some(Number.isNaN) ? NaN : entropy(row));

/** How many queries change when the first token does. */
function touchedQueries(setting, traced) {
  const { x } = setting;
  const changed = trace({ ...setting, x: [x[0].map((value) => value + 1), ...x.slice(1)] }).q;
  return changed.filter((row, i) => row.some((value, d) => value !== traced.q[i][d])).length;
}

/** How far an output before the last token moves when the last becomes the sum of them all. */
function movedPast(setting, traced) {
  const { x } = setting;
  const last = x[0].map((_, a) => sum(x.map((row) => row[a])));
  const other = trace({ ...setting, x: [...x.slice(0, -1), last] });
  const moved = other.output
    .slice(0, -1)
    .flatMap((row, i) => row.map((value, a) => Math.abs(value - traced.output[i][a])));
  return largestKnown(moved);
}

function ratios(scores, right) {
  const told = scores.filter((_, n) => Math.abs(right[n]) > TINY);
  const should = right.filter((value) => Math.abs(value) > TINY);
  return told.length ? extremes(told.map((score, n) => score / should[n])) : [1, 1];
}
