// What a training run is made from; the same fields as attnlib.training.Recipe.
import { LARGEST_SEED } from "./draws.js";

export const RECIPE = Object.freeze({
  nLayers: 2,
  dModel: 24,
  nHeads: 4,
  nWords: 32, // in a text
  nTexts: 16, // in a step
  nSteps: 500,
  rate: 0.01,
  warmUp: 20, // steps until the rate is reached
  unsettled: 0.1, // weight in the loss of a word that nothing settles
  seed: 1,
  mask: true,
  root: true, // scores are divided by the root of d_head
  positions: true, // heads know distances
  previous: true, // a query may look at the word just before it
});
const TEXTS_AFTER = 1000; // the seed of a run's texts is the seed of its weights and this
const LEAST = { nWords: 21, nSteps: 0, rate: 0, unsettled: 0, seed: 0 }; // from 21 words on every text copies
const MOST = { seed: LARGEST_SEED - TEXTS_AFTER };

/** What is expected of a field whose usual value is `usual`, and whether `value` is that. */
function expected(name, usual, value) {
  if (typeof usual === "boolean") return ["true or false", typeof value === "boolean"];
  const [least, most] = [LEAST[name] ?? 1, MOST[name] ?? Number.MAX_VALUE];
  const isWhole = Number.isInteger(usual);
  const isNumber = isWhole ? Number.isInteger(value) : Number.isFinite(value);
  const range = name in MOST ? `from ${least} to ${most}` : `of at least ${least}`;
  const of = `a ${isWhole ? "whole " : ""}number ${range}`;
  return [of, isNumber && value >= least && value <= most];
}

/** A whole recipe from some of its fields; a RangeError says what is wrong with one. */
export function completeRecipe(given = {}) {
  for (const name in given)
    if (!(name in RECIPE))
      throw new RangeError(`a recipe has no ${name}: it has ${Object.keys(RECIPE).join(", ")}`);
  const recipe = { ...RECIPE, ...given };
  for (const [name, usual] of Object.entries(RECIPE)) {
    const [of, isThat] = expected(name, usual, recipe[name]);
    if (!isThat) throw new RangeError(`${name} is ${recipe[name]}, but ${of} is expected`);
  }
  const { dModel, nHeads } = recipe;
  if (dModel % nHeads)
    throw new RangeError(`dModel is ${dModel}, but ${nHeads} heads need a multiple of ${nHeads}`);
  return recipe;
}

export const textSeed = ({ seed }) => TEXTS_AFTER + seed;
