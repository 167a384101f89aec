// All weights of a model in one array, which a worker hands over whole, and matrices that look into it.
import { Draws } from "./draws.js";
import { Matrix } from "./matrix.js";
import { WORDS } from "./parrot.js";

// What a head tells apart: a key 0, 1, 2, 3, and 4 or more words before its query; two or more after it, one after it.
const [FARTHEST_BEHIND, FARTHEST_AHEAD] = [4, 2];
const N_DISTANCES = FARTHEST_BEHIND + 1 + FARTHEST_AHEAD;

/** The column of `distance` for a key that stands `behind` words before its query (negative: after it). */
export const distanceColumn = (behind) =>
  behind >= 0 ? Math.min(behind, FARTHEST_BEHIND) : Math.max(behind, -FARTHEST_AHEAD) + N_DISTANCES;

const tensor = (name, rows, columns, spread) => ({ name, rows, columns, spread, start: 0 });

/**
 * Where each tensor lies: `{ name, rows, columns, start, spread }`, in the order of their random numbers, which
 * lie evenly from -spread to spread. Columns of w_q, w_k, w_v and rows of w_o are head after head.
 */
export function layout({ nLayers, dModel, nHeads }) {
  const evenly = Math.sqrt(3) / Math.sqrt(dModel);
  const block = (_, layer) => [
    tensor(`blocks.${layer}.w_q`, dModel, dModel, evenly),
    tensor(`blocks.${layer}.w_k`, dModel, dModel, evenly),
    tensor(`blocks.${layer}.w_v`, dModel, dModel, evenly),
    tensor(`blocks.${layer}.w_o`, dModel, dModel, evenly / 2),
    tensor(`blocks.${layer}.distance`, nHeads, N_DISTANCES, 2),
  ];
  const all = [
    tensor("embedding", WORDS.length, dModel, 0.5),
    ...Array.from({ length: nLayers }, block).flat(),
    tensor("unembedding", dModel, WORDS.length, 1 / Math.sqrt(dModel)),
  ];
  let start = 0;
  for (const one of all) {
    one.start = start;
    start += one.rows * one.columns;
  }
  return all;
}

export const sizeOf = (recipe) =>
  layout(recipe).reduce((size, { rows, columns }) => size + rows * columns, 0);

export function initialWeights(recipe) {
  const draws = new Draws(recipe.seed);
  const weights = new Float64Array(sizeOf(recipe));
  for (const { rows, columns, start, spread } of layout(recipe))
    for (let at = start; at < start + rows * columns; at++)
      weights[at] = (2 * draws.next() - 1) * spread;
  return weights;
}

/** Matrices over `data` by the tensors' names: `{ embedding, blocks: [{ w_q, ... }], unembedding }`. */
export function tensors(recipe, data) {
  const found = { blocks: Array.from({ length: recipe.nLayers }, () => ({})) };
  for (const { name, rows, columns, start } of layout(recipe)) {
    const [last, layer] = name.split(".").reverse();
    const owner = layer ? found.blocks[layer] : found;
    owner[last] = new Matrix(data, rows, columns, start);
  }
  return found;
}
