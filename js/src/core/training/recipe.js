// What a training run is made from; the same fields as attnlib.training.Recipe.
import { checkSeed } from "./draws.js";

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
const TEXTS_AFTER = 1000; // the texts' seed is the weights' seed and this

const whole = (least) => ({
  of: `a whole number, at least ${least}`,
  test: (value) => Number.isInteger(value) && value >= least,
});
const SWITCH = { of: "true or false", test: (value) => typeof value === "boolean" };
const EXPECTED = {
  nLayers: whole(1),
  dModel: whole(1),
  nHeads: whole(1),
  nWords: whole(2),
  nTexts: whole(1),
  nSteps: whole(1),
  rate: { of: "a finite number above 0", test: (value) => value > 0 && Number.isFinite(value) },
  warmUp: whole(0),
  unsettled: { of: "a number from 0 to 1", test: (value) => value >= 0 && value <= 1 },
  mask: SWITCH,
  root: SWITCH,
  positions: SWITCH,
  previous: SWITCH,
};

/** A whole recipe from some of its fields; a RangeError says what is wrong with one. */
export function completeRecipe(given = {}) {
  for (const name of Object.keys(given))
    if (!(name in RECIPE))
      throw new RangeError(`a recipe has no ${name}: it has ${Object.keys(RECIPE).join(", ")}`);
  const recipe = { ...RECIPE, ...given };
  for (const [name, { of, test }] of Object.entries(EXPECTED))
    if (!test(recipe[name]))
      throw new RangeError(`${name} is ${recipe[name]}, but ${of} is expected`);
  if (recipe.dModel % recipe.nHeads)
    throw new RangeError(
      `dModel is ${recipe.dModel}, which ${recipe.nHeads} heads cannot share alike: choose a multiple`,
    );
  checkSeed(recipe.seed);
  return recipe;
}

export const textSeed = (recipe) => (TEXTS_AFTER + recipe.seed) >>> 0;
