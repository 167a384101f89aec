// The attention of every layer: rotary positions, grouped heads, what earlier tokens left, the patterns.

/** Cosines and sines by position and pair of numbers, for keys and queries of `dHead`. */
function turnsOf(longest, dHead, base) {
  const turns = new Float32Array(longest * dHead);
  for (let position = 0; position < longest; position++)
    for (let i = 0; i < dHead; i += 2) {
      const angle = position * base ** (-i / dHead);
      turns[position * dHead + i] = Math.cos(angle);
      turns[position * dHead + i + 1] = Math.sin(angle);
    }
  return turns;
}

function dot(x, i, y, j, length) {
  let sum = 0;
  for (let k = 0; k < length; k++) sum += x[i + k] * y[j + k];
  return sum;
}

/** Softmax of `row` from `first` to `last`; where all is minus infinity, zeros. */
function softmax(row, first, last) {
  let top = -Infinity;
  for (let i = first; i <= last; i++) top = Math.max(top, row[i]);
  let total = 0;
  for (let i = first; i <= last; i++) {
    row[i] = top === -Infinity ? 0 : Math.exp(row[i] - top);
    total += row[i];
  }
  for (let i = first; i <= last && total > 0; i++) row[i] /= total;
}

export class Attention {
  constructor(shape, longest) {
    const { nLayers, nHeads, nKvHeads, dHead, base } = shape;
    Object.assign(this, { shape, longest, turns: turnsOf(longest, dHead, base) });
    const room = () =>
      Array.from({ length: nLayers }, () => new Float32Array(longest * nKvHeads * dHead));
    this.keys = room();
    this.values = room();
    this.patterns = new Float32Array(nLayers * nHeads * longest * longest);
    this.row = new Float32Array(longest);
  }

  /** Turns `vectors`, `(nTokens, nHeads, dHead)`, by their positions, which begin at `first`. */
  turn(vectors, first, nTokens, nHeads) {
    const { dHead } = this.shape;
    for (let t = 0, at = 0; t < nTokens; t++)
      for (let head = 0; head < nHeads; head++)
        for (let i = (first + t) * dHead; i < (first + t + 1) * dHead; i += 2, at += 2) {
          const [x, y, cos, sin] = [vectors[at], vectors[at + 1], this.turns[i], this.turns[i + 1]];
          vectors[at] = x * cos - y * sin;
          vectors[at + 1] = x * sin + y * cos;
        }
  }

  /**
   * Writes into `mixed`, `(nTokens, nHeads, dHead)`, what each head makes of `queries`, `keys` and `values` of
   * positions from `first`, and of those before. Queries and keys come unturned, and are turned in place.
   */
  mix(layer, first, nTokens, vectors, taken) {
    const { nHeads, nKvHeads, dHead } = this.shape;
    const width = nKvHeads * dHead;
    const [queries, keys] = [vectors.queries.data, vectors.keys.data];
    this.turn(queries, first, nTokens, nHeads);
    this.turn(keys, first, nTokens, nKvHeads);
    this.keys[layer].set(keys.subarray(0, nTokens * width), first * width);
    this.values[layer].set(vectors.values.data.subarray(0, nTokens * width), first * width);
    for (let t = 0; t < nTokens; t++)
      for (let head = 0; head < nHeads; head++) {
        const at = (t * nHeads + head) * dHead;
        this.weigh(layer, head, first + t, queries, at, taken);
        this.add(layer, head, first + t, vectors.mixed.data, at, taken);
      }
  }

  /** Leaves in `row` the weights of `query` in one head, and notes them in `patterns`. */
  weigh(layer, head, query, queries, at, taken) {
    const { nHeads, nKvHeads, dHead } = this.shape;
    const { row } = this;
    const shared = Math.floor((head * nKvHeads) / nHeads);
    const scale = 1 / Math.sqrt(dHead);
    const first = taken.firstKey(query);
    row.fill(0);
    for (let key = first; key <= query; key++) {
      const from = (key * nKvHeads + shared) * dHead;
      row[key] = scale * dot(queries, at, this.keys[layer], from, dHead);
    }
    for (const key of taken.keysCut(layer, query)) row[key] = -Infinity;
    softmax(row, first, query);
    this.patterns.set(row.subarray(0, query + 1), this.startOf(layer, head, query));
  }

  /** Writes the values that `row` weighs, added up, to `mixed` from `at`. */
  add(layer, head, query, mixed, at, taken) {
    const { nHeads, nKvHeads, dHead } = this.shape;
    const shared = Math.floor((head * nKvHeads) / nHeads);
    mixed.fill(0, at, at + dHead);
    if (taken.isSilent(layer, head)) return;
    for (let key = taken.firstKey(query); key <= query; key++) {
      const [weight, from] = [this.row[key], (key * nKvHeads + shared) * dHead];
      for (let i = 0; i < dHead; i++) mixed[at + i] += weight * this.values[layer][from + i];
    }
  }

  startOf(layer, head, query) {
    return ((layer * this.shape.nHeads + head) * this.longest + query) * this.longest;
  }

  /** The weights of a text of `n` tokens in one head, query by query up to itself: `n (n + 1) / 2`. */
  half(layer, head, n) {
    const out = new Float32Array((n * (n + 1)) / 2);
    for (let query = 0, to = 0; query < n; to += ++query) {
      const start = this.startOf(layer, head, query);
      out.set(this.patterns.subarray(start, start + query + 1), to);
    }
    return out;
  }
}
