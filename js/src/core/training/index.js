// What a page knows of training. Import it from here, so that the engine is in the bundle once.
export * from "./engine.js";
export { canTrain, createTrainer } from "./trainer.js";
