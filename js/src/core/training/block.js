// One layer of attention over texts of one length, there and back: states + block(norm(states)).
import { dot } from "../mathematics.js";
import { softmax } from "./arithmetic.js";
import {
  ABOVE_IN_LEFT,
  ABOVE_IN_RESULT,
  BELOW_IN_LEFT,
  Matrix,
  NOTHING,
  multiply,
} from "./matrix.js";
import { Norm } from "./norm.js";
import { distanceColumn } from "./weights.js";

/** Which keys the queries of a text may look at, and the columns of `distance` for them, pair by pair. */
function pairs({ mask, previous }, nWords) {
  const allowed = new Uint8Array(nWords * nWords);
  const columns = new Uint8Array(nWords * nWords);
  for (let query = 0; query < nWords; query++)
    for (let key = 0; key < nWords; key++) {
      const pair = query * nWords + key;
      allowed[pair] = (!mask || key <= query) && (previous || key !== query - 1);
      columns[pair] = distanceColumn(query - key);
    }
  return { allowed, columns };
}

export class Block {
  /** Of a model made by `recipe`; its matrices are `w` (w_q, w_k, w_v, w_o, distance). */
  constructor(recipe, w, nTexts, nWords) {
    const { dModel, nHeads, root, mask } = recipe;
    const rows = () => Matrix.zeros(nTexts * nWords, dModel);
    Object.assign(this, recipe, { w, nTexts, nWords, dHead: dModel / nHeads });
    Object.assign(this, pairs(recipe, nWords));
    this.scale = root ? 1 / Math.sqrt(this.dHead) : 1;
    this.norm = new Norm(nTexts * nWords, dModel);
    [this.q, this.k, this.v, this.mixed] = [rows(), rows(), rows(), rows()];
    this.weights = new Float64Array(nTexts * nHeads * nWords * nWords);
    this.zero = mask
      ? { result: ABOVE_IN_RESULT, left: ABOVE_IN_LEFT, transposed: BELOW_IN_LEFT }
      : { result: NOTHING, left: NOTHING, transposed: NOTHING };
  }

  /** Room for gradients, which who only looks does not need. */
  prepareToLearn() {
    const rows = () => Matrix.zeros(this.nTexts * this.nWords, this.dModel);
    this.d = { q: rows(), k: rows(), v: rows(), mixed: rows(), normed: rows() };
    this.d.weights = Matrix.zeros(this.nWords, this.nWords);
  }

  /** The columns of one head in the rows of one text. */
  part({ data, columns }, text, head) {
    const start = text * this.nWords * columns + head * this.dHead;
    return new Matrix(data, this.nWords, this.dHead, start, columns);
  }

  /** One head's weights in one text: a row for each query, a column for each key. */
  pattern(text, head) {
    const size = this.nWords * this.nWords;
    const start = (text * this.nHeads + head) * size;
    return new Matrix(this.weights, this.nWords, this.nWords, start);
  }

  distances({ data, start, columns }, head) {
    return data.subarray(start + head * columns, start + (head + 1) * columns);
  }

  eachHead(visit) {
    for (let text = 0; text < this.nTexts; text++)
      for (let head = 0; head < this.nHeads; head++) visit(text, head);
  }

  /** Adds to `states` what the heads that are not in `silent`, a Set, make of them. */
  forward(states, silent) {
    this.norm.forward(states);
    for (const name of "qkv") multiply(this[name], this.norm.normed, this.w[`w_${name}`]);
    this.eachHead((text, head) => {
      const [q, k, v, mixed] = ["q", "k", "v", "mixed"].map((name) =>
        this.part(this[name], text, head),
      );
      const weights = this.pattern(text, head);
      multiply(weights, q, k.transposed, { leftOut: this.zero.result });
      this.weigh(weights, this.distances(this.w.distance, head));
      multiply(mixed, weights, v, { leftOut: this.zero.left });
      if (silent.has(head)) mixed.clear();
    });
    multiply(states, this.mixed, this.w.w_o, { add: true });
  }

  /** Turns products of queries and keys into scores, and these into weights. */
  weigh({ data, start }, distances) {
    const { nWords, allowed, columns, scale } = this;
    for (let query = 0; query < nWords; query++) {
      const [row, pair] = [start + query * nWords, query * nWords];
      const seen = this.mask ? query + 1 : nWords;
      for (let key = 0; key < seen; key++) {
        const near = this.positions ? distances[columns[pair + key]] : 0;
        data[row + key] = allowed[pair + key] ? data[row + key] * scale + near : -Infinity;
      }
      softmax(data, row, seen);
      data.fill(0, row + seen, row + nWords);
    }
  }

  /** What `head` made of the first text: matrices of rows. Scores are -Infinity where it may not look. */
  trace(head) {
    const [queries, keys, values] = [this.q, this.k, this.v].map((rows) =>
      this.part(rows, 0, head).toRows(),
    );
    const distances = this.distances(this.w.distance, head);
    const score = (query, i) => (key, j) => {
      const pair = i * this.nWords + j;
      const near = this.positions ? distances[this.columns[pair]] : 0;
      return this.allowed[pair] ? dot(query, key) * this.scale + near : -Infinity;
    };
    const scores = queries.map((query, i) => keys.map(score(query, i)));
    return { queries, keys, values, scores, weights: this.pattern(0, head).toRows() };
  }

  /**
   * Turns `dStates`, the gradient of what `forward` made, into that of what it was given, and adds those of
   * the block's own matrices to `dw`.
   */
  backward(dStates, dw) {
    const { norm, w, d } = this;
    multiply(dw.w_o, this.mixed.transposed, dStates, { add: true });
    multiply(d.mixed, dStates, w.w_o.transposed);
    this.eachHead((text, head) => this.headBackward(text, head, dw));
    for (const name of "qkv") {
      multiply(dw[`w_${name}`], norm.normed.transposed, d[name], { add: true });
      multiply(d.normed, d[name], w[`w_${name}`].transposed, { add: name !== "q" });
    }
    norm.backward(d.normed, dStates);
  }

  headBackward(text, head, dw) {
    const { d, zero } = this;
    const [q, k, v] = [this.q, this.k, this.v].map((rows) => this.part(rows, text, head));
    const [dq, dk, dv, dMixed] = [d.q, d.k, d.v, d.mixed].map((rows) =>
      this.part(rows, text, head),
    );
    const weights = this.pattern(text, head);
    multiply(dv, weights.transposed, dMixed, { leftOut: zero.transposed });
    multiply(d.weights, dMixed, v.transposed, { leftOut: zero.result });
    this.weighBackward(weights, this.distances(dw.distance, head));
    multiply(dq, d.weights, k, { leftOut: zero.left });
    multiply(dk, d.weights.transposed, q, { leftOut: zero.transposed });
  }

  /** Turns the gradient of `weights` into that of products of queries and keys; adds to that of `distances`. */
  weighBackward({ data: weights, start }, dDistances) {
    const { nWords, columns, scale } = this;
    const { data } = this.d.weights;
    for (let query = 0; query < nWords; query++) {
      const [at, row] = [start + query * nWords, query * nWords];
      const seen = this.mask ? query + 1 : nWords;
      let mean = 0;
      for (let key = 0; key < seen; key++) mean += weights[at + key] * data[row + key];
      for (let key = 0; key < seen; key++) {
        const dScore = weights[at + key] * (data[row + key] - mean);
        if (this.positions) dDistances[columns[row + key]] += dScore;
        data[row + key] = dScore * scale;
      }
      data.fill(0, row + seen, row + nWords);
    }
  }
}
