// What a page knows of training. Import it from here, so that the engine is in the bundle once.
export {
  RECIPE,
  WORDS,
  completeRecipe,
  ids,
  initialWeights,
  layout,
  text,
  trace,
} from "./engine.js";
export { canTrain, createTrainer } from "./trainer.js";
