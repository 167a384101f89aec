// What a run leaves for a picture of it: the weights of every head, and the lengths of what their edges add,
// in bytes, query by query up to itself, as attnlib/figures/pattern_bytes.py packs what is causal.
import { unpackRow } from "./blocks.js";

const STEPS = 255;
const ROWS = 4; // read at once: a third of the time

/**
 * For each head of a layer the lower half of `W W^T`, `(nHeads, dHead, dHead)`, of its rows `W` of W_O: with it, a
 * vector's length after W_O is the root of `v W W^T v`, which takes a ninth of the products. The file has `W^T`.
 */
function gramsOf(bytes, matrix, { nHeads, dHead }) {
  const grams = new Float32Array(nHeads * dHead * dHead);
  const wide = matrix.columns;
  const x = new Float32Array(ROWS * wide);
  for (let first = 0; first < matrix.rows; first += ROWS) {
    for (let r = 0; r < ROWS; r++)
      unpackRow(bytes, matrix, first + r, x.subarray(r * wide, (r + 1) * wide));
    for (let place = 0; place < nHeads * dHead; place++)
      addProducts(grams.subarray(place * dHead), x, place, place - (place % dHead), wide);
  }
  return grams;
}

/** Adds to `row` the products of the numbers at `place` of the rows `x` with those from `from` up to them. */
function addProducts(row, x, place, from, wide) {
  const [a, b, c, d] = [x[place], x[place + wide], x[place + 2 * wide], x[place + 3 * wide]];
  for (let i = 0, k = from; k <= place; i++, k++)
    row[i] += a * x[k] + b * x[k + wide] + c * x[k + 2 * wide] + d * x[k + 3 * wide];
}

/** The root of `v G v`, of the lower half of a symmetric matrix. */
function lengthUnder(grams, at, values, from, dHead) {
  let squares = 0;
  for (let i = 0; i < dHead; i++) {
    let sum = 0;
    for (let j = 0; j < i; j++) sum += grams[at + i * dHead + j] * values[from + j];
    squares += values[from + i] * (2 * sum + grams[at + i * dHead + i] * values[from + i]);
  }
  return Math.sqrt(Math.max(0, squares));
}

/** Writes `numbers` to `out` from `to`, in steps up to `largest`. */
function pack(numbers, largest, out, to) {
  for (let i = 0; i < numbers.length; i++)
    out[to + i] = largest ? Math.round((STEPS * numbers[i]) / largest) : 0;
}

export class Patterns {
  constructor(decoder) {
    this.decoder = decoder;
    this.grams = []; // by layer, worked out when first asked for
  }

  /** How long the values of `n` tokens are once W_O of a layer has brought them back, `(nHeads, n)`. */
  reachOf(layer, n) {
    const { arena, attention, matrices, shape } = this.decoder;
    const { nHeads, nKvHeads, dHead } = shape;
    const matrix = matrices[`blk.${layer}.attn_output.weight`];
    const grams = (this.grams[layer] ??= gramsOf(arena.bytes, matrix, shape));
    return Float32Array.from({ length: nHeads * n }, (_, place) => {
      const head = Math.floor(place / n);
      const shared = Math.floor((head * nKvHeads) / nHeads);
      const from = ((place % n) * nKvHeads + shared) * dHead;
      return lengthUnder(grams, head * dHead ** 2, attention.values[layer], from, dHead);
    });
  }

  /**
   * Of the last run, a text of `n` tokens: `weights` in bytes, 255 for 1, and `added` in bytes, 255 for the
   * head's own of `longest`. Both are `(nLayers, nHeads, n (n + 1) / 2)`.
   */
  of(n) {
    const { nLayers, nHeads } = this.decoder.shape;
    const size = (n * (n + 1)) / 2;
    const [weights, added] = [0, 0].map(() => new Uint8Array(nLayers * nHeads * size));
    const longest = [];
    for (let layer = 0; layer < nLayers; layer++) {
      const reach = this.reachOf(layer, n);
      for (let head = 0; head < nHeads; head++) {
        const row = this.decoder.attention.half(layer, head, n);
        const to = (layer * nHeads + head) * size;
        pack(row, 1, weights, to);
        const lengths = this.lengthsOf(layer, head, row, reach.subarray(head * n, (head + 1) * n));
        longest.push(lengths.reduce((most, one) => Math.max(most, one), 0));
        pack(lengths, longest.at(-1), added, to);
      }
    }
    return { weights, added, longest };
  }
  lengthsOf(layer, head, weights, reach) {
    if (this.decoder.past.taken.isSilent(layer, head)) return weights.map(() => 0);
    let [query, key] = [0, 0];
    return weights.map((weight) => {
      const length = weight * reach[key];
      if (key++ === query) [query, key] = [query + 1, 0];
      return length;
    });
  }
}
