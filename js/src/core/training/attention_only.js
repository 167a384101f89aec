// A transformer of attention alone, as attnlib.AttentionOnly: its guesses, and the gradient of its loss, by hand.
import { softmax } from "./arithmetic.js";
import { Block } from "./block.js";
import { Matrix, multiply } from "./matrix.js";
import { Norm } from "./norm.js";
import { WORDS } from "./parrot.js";
import { sizeOf, tensors } from "./weights.js";

/** For each layer the Set of its heads in `silent`, pairs of a layer and a head. */
function silentByLayer(silent, { nLayers, nHeads }) {
  const sets = Array.from({ length: nLayers }, () => new Set());
  for (const [layer, head] of silent) {
    if (!(layer in sets) || !(head >= 0 && head < nHeads))
      throw new RangeError(
        `there is no head ${layer}.${head}: layers are 0 to ${nLayers - 1}, heads 0 to ${nHeads - 1}`,
      );
    sets[layer].add(head);
  }
  return sets;
}

export class AttentionOnly {
  /** Over `weights`, one array of all of them, with room for `nTexts` texts of `nWords` words at once. */
  constructor(recipe, weights, nTexts = recipe.nTexts, nWords = recipe.nWords) {
    if (weights.length !== sizeOf(recipe))
      throw new RangeError(`${weights.length} weights came, but ${sizeOf(recipe)} are expected`);
    Object.assign(this, { recipe, weights, nTexts, nWords });
    this.w = tensors(recipe, weights);
    this.blocks = this.w.blocks.map((w) => new Block(recipe, w, nTexts, nWords));
    this.states = Matrix.zeros(nTexts * nWords, recipe.dModel);
    this.norm = new Norm(nTexts * nWords, recipe.dModel);
    this.logits = Matrix.zeros(nTexts * nWords, WORDS.length);
  }

  /** The logits of the next words, a row for each of `ids`. The next call writes over them. */
  forward(ids, silent = []) {
    const { data, columns } = this.states;
    const { embedding, unembedding } = this.w;
    ids.forEach((id, row) => {
      const start = embedding.at(id, 0);
      data.set(embedding.data.subarray(start, start + columns), row * columns);
    });
    const sets = silentByLayer(silent, this.recipe);
    this.blocks.forEach((block, layer) => block.forward(this.states, sets[layer]));
    this.norm.forward(this.states);
    multiply(this.logits, this.norm.normed, unembedding);
    return this.logits;
  }

  prepareToLearn() {
    this.gradients = new Float64Array(this.weights.length);
    this.d = tensors(this.recipe, this.gradients);
    this.d.states = Matrix.zeros(this.states.rows, this.states.columns);
    this.d.normed = Matrix.zeros(this.states.rows, this.states.columns);
    this.blocks.forEach((block) => block.prepareToLearn());
  }

  /**
   * The loss, in nats, and its gradient in `gradients`, laid out as the weights: the mean of the surprise at
   * each of the `answers`, weighted by `importance`.
   */
  learn(ids, answers, importance) {
    if (!this.d) this.prepareToLearn();
    const { w, d } = this;
    this.gradients.fill(0);
    d.states.data.fill(0);
    const loss = surprise(this.forward(ids), answers, importance);
    multiply(d.unembedding, this.norm.normed.transposed, this.logits, { add: true });
    multiply(d.normed, this.logits, w.unembedding.transposed);
    this.norm.backward(d.normed, d.states);
    for (let layer = this.blocks.length - 1; layer >= 0; layer--)
      this.blocks[layer].backward(d.states, d.blocks[layer]);
    const { data, columns } = d.states;
    ids.forEach((id, row) => {
      const start = d.embedding.at(id, 0);
      for (let j = 0; j < columns; j++) this.gradients[start + j] += data[row * columns + j];
    });
    return loss;
  }
}

/** The weighted mean of the surprise at `answers`; turns `logits` into its gradient. */
function surprise({ data, rows, columns }, answers, importance) {
  const total = importance.reduce((sum, one) => sum + one, 0);
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    const share = importance[row] / total;
    const answer = row * columns + answers[row];
    const logit = data[answer];
    loss += share * (softmax(data, row * columns, columns) - logit);
    data[answer] -= 1;
    for (let at = row * columns; at < (row + 1) * columns; at++) data[at] *= share;
  }
  return loss;
}

/**
 * What a model makes of one text, for looking: `logits` and `probabilities` of the next words, a row for each
 * word, and for each layer and head `{ queries, keys, values, scores, weights }`, matrices of rows.
 */
export function trace(recipe, weights, ids, silent = []) {
  const model = new AttentionOnly(recipe, weights, 1, ids.length);
  const logits = model.forward(ids, silent).toRows();
  const { data, rows, columns } = model.logits;
  for (let row = 0; row < rows; row++) softmax(data, row * columns, columns);
  const heads = model.blocks.map((block) =>
    Array.from({ length: recipe.nHeads }, (_, head) => block.trace(head)),
  );
  return { logits, probabilities: model.logits.toRows(), heads };
}
