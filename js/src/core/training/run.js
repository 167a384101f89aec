// One training run: a model, its optimiser and its stream of texts.
import { AttentionOnly } from "./attention_only.js";
import { Draws } from "./draws.js";
import { Optimiser } from "./optimiser.js";
import { batch } from "./parrot.js";
import { completeRecipe, textSeed } from "./recipe.js";
import { initialWeights } from "./weights.js";

/** The run of a recipe, from its first step. */
export const createRun = (recipe) => new Run(recipe);

class Run {
  constructor(recipe) {
    this.recipe = completeRecipe(recipe);
    this.stepNumber = 0;
    this.model = new AttentionOnly(this.recipe, initialWeights(this.recipe));
    this.optimiser = new Optimiser(this.recipe, this.model.weights.length);
    this.draws = new Draws(textSeed(this.recipe));
  }

  /** One step on fresh texts; gives the loss before it. A loss that is not finite is an error, and changes nothing. */
  step() {
    const { nTexts, nWords, unsettled } = this.recipe;
    const { state } = this.draws;
    const { ids, answers, settled } = batch(this.draws, nTexts, nWords);
    const importance = Float64Array.from(settled, (is) => (is ? 1 : unsettled));
    const loss = this.model.learn(ids, answers, importance);
    if (!Number.isFinite(loss)) this.draws.state = state;
    this.refuseUnlessFinite(loss, `of step ${this.stepNumber + 1}`);
    this.stepNumber++;
    this.optimiser.step(this.model.weights, this.model.gradients, this.stepNumber);
    return loss;
  }

  refuseUnlessFinite(loss, of) {
    if (Number.isFinite(loss)) return;
    const rate = `at a rate of ${this.recipe.rate}: start again with a smaller rate.`;
    throw new Error(`The loss ${of} is ${loss}, ${rate}`);
  }

  /** A copy of the weights, in the order of `layout`. */
  weights() {
    return this.model.weights.slice();
  }

  /** All it takes to go on from here, with the same losses to the last bit. */
  keep() {
    const { means, squares } = this.optimiser;
    return {
      step: this.stepNumber,
      weights: this.weights(),
      means: means.slice(),
      squares: squares.slice(),
      state: this.draws.state,
    };
  }

  restore({ step, weights, means, squares, state }) {
    this.stepNumber = step;
    this.model.weights.set(weights);
    this.optimiser.means.set(means);
    this.optimiser.squares.set(squares);
    this.draws.state = state;
  }
}
