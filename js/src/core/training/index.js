// What a page knows of training.
export { trace } from "./attention_only.js";
export { WORDS, ids, text } from "./parrot.js";
export { RECIPE, completeRecipe } from "./recipe.js";
export { canTrain, createTrainer } from "./trainer.js";
export { initialWeights, layout } from "./weights.js";
