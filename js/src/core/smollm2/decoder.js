// A decoder of the Llama kind: RMS norms with gains, rotary positions, grouped heads, a gated feed-forward
// network, and one table that embeds tokens and scores the next.
import { Attention } from "./attention.js";
import { unpackRow } from "./blocks.js";
import { Interventions } from "./interventions.js";

/** Tokens of the longest text. */
export const LONGEST = 128;

/** Widths of what is computed for each token: all of it is multiplied, so it lies in the arena. */
const widthsOf = ({ dModel, nHeads, nKvHeads, dHead, dFeedForward }) => ({
  normed: dModel,
  queries: nHeads * dHead,
  keys: nKvHeads * dHead,
  values: nKvHeads * dHead,
  mixed: nHeads * dHead,
  gate: dFeedForward,
  up: dFeedForward,
});
const twoRows = ({ dModel, dFeedForward }) => 2 * Math.max(dModel, dFeedForward);

/** Bytes of an arena, besides the weights. */
export function roomFor(shape) {
  const width = Object.values(widthsOf(shape)).reduce((sum, one) => sum + one, 0);
  return 4 * (LONGEST * width + shape.nVocab + twoRows(shape)) + 4096;
}

export class Decoder {
  /**
   * `matrices` are `{ kind, rows, columns, at }` by their names in the file, `at` in bytes of `arena`.
   * `product` is given to it before the first run (product.js).
   */
  constructor(arena, { shape, matrices }) {
    Object.assign(this, { arena, shape, matrices, product: null, past: null });
    for (const [name, width] of Object.entries(widthsOf(shape)))
      this[name] = arena.floats(LONGEST * width);
    this.logits = arena.floats(shape.nVocab);
    this.room = arena.floats(twoRows(shape));
    this.states = new Float32Array(LONGEST * shape.dModel);
    this.attention = new Attention(shape, LONGEST);
  }

  /**
   * Leaves in `logits` the scores of the token after `ids`, in `attention` the patterns. What the run before
   * has left is used again, as far as ids and interventions are the same.
   */
  run(ids, interventions = {}) {
    this.check(ids);
    const taken = new Interventions(interventions, ids.length, this.shape);
    const first = this.past ? this.firstNew(ids, taken) : 0;
    const n = ids.length - first;
    this.past = null;
    for (let t = 0; t < n; t++) this.embed(ids[first + t], t);
    for (let layer = 0; layer < this.shape.nLayers; layer++) {
      this.attend(layer, first, n, taken);
      this.feedForward(layer, n);
    }
    this.unembed(n - 1);
    this.past = { ids: [...ids], taken };
  }
  check(ids) {
    if (ids.length < 1 || ids.length > LONGEST)
      throw new RangeError(`The text has ${ids.length} tokens, but 1 to ${LONGEST} fit.`);
    const wrong = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < this.shape.nVocab));
    if (wrong !== undefined)
      throw new RangeError(`${wrong} is no token: they are 0 to ${this.shape.nVocab - 1}.`);
  }
  firstNew(ids, taken) {
    let same = 0;
    while (same < ids.length && ids[same] === this.past.ids[same]) same++;
    return Math.min(same, taken.firstChange(this.past.taken), ids.length - 1);
  }

  embed(id, token) {
    const { dModel } = this.shape;
    const state = this.states.subarray(token * dModel, (token + 1) * dModel);
    unpackRow(this.arena.bytes, this.matrices["token_embd.weight"], id, state);
  }
  attend(layer, first, n, taken) {
    const weights = (part) => this.matrices[`blk.${layer}.attn_${part}.weight`];
    this.norm(weights("norm"), 0, n);
    this.product(weights("q"), this.normed, this.queries, n);
    this.product(weights("k"), this.normed, this.keys, n);
    this.product(weights("v"), this.normed, this.values, n);
    this.attention.mix(layer, first, n, this, taken);
    this.product(weights("output"), this.mixed, this.normed, n);
    this.addToStates(n);
  }
  feedForward(layer, n) {
    const weights = (part) => this.matrices[`blk.${layer}.ffn_${part}.weight`];
    this.norm(weights("norm"), 0, n);
    this.product(weights("gate"), this.normed, this.gate, n);
    this.product(weights("up"), this.normed, this.up, n);
    const [gate, up] = [this.gate.data, this.up.data];
    for (let i = 0; i < n * this.shape.dFeedForward; i++)
      gate[i] *= up[i] / (1 + Math.exp(-gate[i]));
    this.product(weights("down"), this.gate, this.normed, n);
    this.addToStates(n);
  }
  unembed(token) {
    this.norm(this.matrices["output_norm.weight"], token, 1);
    this.product(this.matrices["token_embd.weight"], this.normed, this.logits, 1);
  }

  /** Fills `normed` with the states of `n` tokens from `start` on. */
  norm({ at }, start, n) {
    const { dModel, epsilon } = this.shape;
    const gains = new Float32Array(this.arena.buffer, at, dModel);
    for (let token = 0; token < n; token++) {
      const [from, to] = [(start + token) * dModel, token * dModel];
      let squares = 0;
      for (let i = 0; i < dModel; i++) squares += this.states[from + i] ** 2;
      const factor = 1 / Math.sqrt(squares / dModel + epsilon);
      for (let i = 0; i < dModel; i++)
        this.normed.data[to + i] = this.states[from + i] * factor * gains[i];
    }
  }
  addToStates(n) {
    for (let i = 0; i < n * this.shape.dModel; i++) this.states[i] += this.normed.data[i];
  }
}
