// A run that Python made, as attnlib.training.Recording tells it, and weights as text.
import { completeRecipe } from "./index.js";

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Weights from a recording: float32 on the way, which is half as long. */
const weightsOf = (text) => Float64Array.from(new Float32Array(bytesOf(text).buffer));

/** Weights as text, to the last bit. */
export function textOf(weights) {
  const bytes = new Uint8Array(weights.buffer);
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
}

/** `{ recipe, losses, exams, kept }`, where `kept` has weights by step. */
export function readRecording({ recipe, losses, exams, weights }) {
  const kept = Object.entries(weights).map(([step, text]) => [Number(step), weightsOf(text)]);
  // A notebook's file sorts its fields by name; recipes are compared as they are completed.
  return { recipe: completeRecipe(recipe), losses, exams, kept: new Map(kept) };
}
