// The figures' own mathematics. attnlib is the reference: tests compare the two to 1e-6.

const MOST_SWEEPS = 30; // small matrices need about six

/** @typedef {number[][]} Matrix one array per row */

// Loops, where a drag calls them for every frame: what they would allocate is collected during the drag.

/** @returns {Matrix} the product, (a's rows, b's columns) */
export function matmul(a, b) {
  const columns = b[0].length;
  return a.map((row) => {
    const product = new Array(columns).fill(0);
    for (let i = 0; i < row.length; i++)
      for (let j = 0; j < columns; j++) product[j] += row[i] * b[i][j];
    return product;
  });
}

export function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

export const length = (vector) => Math.sqrt(dot(vector, vector));

/** The cosine of the angle between two vectors; 0 where one of them is zero. */
export function cosine(a, b) {
  const lengths = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
  return lengths === 0 ? 0 : dot(a, b) / lengths;
}

/**
 * `f(row, i, ...others)` of every row. A row that is the array it was gives what it gave, so that whoever
 * works with rows sees which of them changed.
 */
export function eachRow(f) {
  let [rows, results, last] = [[], [], []];
  return (now, ...others) => {
    const isAsBefore = others.every((other, n) => other === last[n]);
    const apply = (row, i) => (isAsBefore && row === rows[i] ? results[i] : f(row, i, ...others));
    [results, rows, last] = [now.map(apply), now, others];
    return results;
  };
}

/** Rows that are the arrays they were, where what they hold is; all of them, if all are. */
export function sameRows() {
  const isSame = (a, b) => a?.length === b.length && a.every((value, n) => value === b[n]);
  let last = [];
  return (now) => {
    const rows = now.map((row, i) => (isSame(last[i], row) ? last[i] : row));
    if (rows.length !== last.length || rows.some((row, i) => row !== last[i])) last = rows;
    return last;
  };
}

/** Scores of every query (rows of q) with every key (rows of k), times `scale`. */
export function scores(q, k, scale) {
  return q.map((query) => scoresOf(query, k, scale));
}

/** Scores of one query with every key, times `scale`. */
export const scoresOf = (query, k, scale) => k.map((key) => dot(query, key) * scale);

/** Minus infinity wherever a key comes after its query. */
export function maskLater(rows) {
  return rows.map((row, i) => row.map((score, j) => (j > i ? -Infinity : score)));
}

/** Softmax of one row; a row of minus infinities gives zeros, as in attnlib. */
export function softmax(row) {
  const top = Math.max.apply(null, row);
  if (top === -Infinity) return row.map(() => 0);
  const weights = row.map((score) => Math.exp(score - top));
  let total = 0;
  for (let j = 0; j < weights.length; j++) total += weights[j];
  for (let j = 0; j < weights.length; j++) weights[j] /= total;
  return weights;
}

/**
 * The smallest change to `w` (in the sum of squares) that moves `x @ w` to `target`.
 * A token without coordinates cannot be moved: the same `w` comes back.
 */
export function moveProjection(w, x, target) {
  const norm = dot(x, x);
  if (norm === 0) return w;
  const now = matmul([x], w)[0];
  const moved = (row, a) => row.map((value, d) => value + (x[a] * (target[d] - now[d])) / norm);
  return w.map((row, a) => (x[a] === 0 ? row : moved(row, a)));
}

/** Numbers between 0 and 1 from a seed (mulberry32), so that a random choice can be had again. */
export function seededUniforms(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Normal numbers from a seed (Box and Muller's method). */
export function seededNormals(seed) {
  const uniform = seededUniforms(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** `items` in an order that the seed decides (Fisher and Yates). */
export function seededShuffle(items, seed) {
  const uniform = seededUniforms(seed);
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(uniform() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

/** Softmax as the formula says it, in single precision: overflows, as real code does. */
export function naiveSoftmax32(row) {
  const powers = row.map((score) => Math.fround(Math.exp(Math.fround(score))));
  const total = powers.reduce((sum, power) => Math.fround(sum + power), 0);
  return { powers, weights: powers.map((power) => Math.fround(power / total)) };
}

/** How undecided the weights are, in bits; 0 times log 0 is 0. */
export function entropy(weights) {
  return -weights.reduce((sum, w) => sum + (w > 0 ? w * Math.log2(w) : 0), 0);
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** `rows` by `columns` normal numbers from a seed. */
export function normalMatrix(rows, columns, seed) {
  const next = seededNormals(seed);
  return Array.from({ length: rows }, () => Array.from({ length: columns }, next));
}

/**
 * The singular value decomposition by one-sided Jacobi rotations: `left[k]` (each as long as its
 * singular value) and `right[k]` (each of length 1), so that w is the sum of their outer products.
 */
export function singularVectors(w) {
  const left = w[0].map((_, j) => w.map((row) => row[j]));
  const right = left.map((_, j) => left.map((_, k) => Number(j === k)));
  const rotate = (vectors, p, q, c, s) => {
    const [a, b] = [vectors[p], vectors[q]];
    vectors[p] = a.map((value, i) => c * value - s * b[i]);
    vectors[q] = a.map((value, i) => s * value + c * b[i]);
  };
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let largest = 0;
    for (let p = 0; p < left.length; p++)
      for (let q = p + 1; q < left.length; q++) {
        const [alpha, beta] = [dot(left[p], left[p]), dot(left[q], left[q])];
        const gamma = dot(left[p], left[q]);
        if (Math.abs(gamma) <= 1e-15 * Math.sqrt(alpha * beta)) continue;
        largest = Math.max(largest, Math.abs(gamma));
        const zeta = (beta - alpha) / (2 * gamma);
        const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
        const c = 1 / Math.hypot(1, t);
        rotate(left, p, q, c, c * t);
        rotate(right, p, q, c, c * t);
      }
    if (largest === 0) break;
  }
  const lengths = left.map((vector) => Math.sqrt(dot(vector, vector)));
  const order = lengths.map((_, k) => k).sort((a, b) => lengths[b] - lengths[a]);
  return {
    values: order.map((k) => lengths[k]),
    left: order.map((k) => left[k]),
    right: order.map((k) => right[k]),
  };
}
