// The engine is one function: the page calls it, and its text is the source of the worker.
import engine from "./worker.js" with { type: "function" };

export const {
  Draws,
  EXAM,
  RECIPE,
  WORDS,
  completeRecipe,
  createRun,
  examine,
  ids,
  initialWeights,
  layout,
  text,
  trace,
} = engine();
export const source = `(${engine})().listen()`;
