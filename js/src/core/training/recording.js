// A run that Python made, as attnlib.training.Recording tells it, and weights as text.

const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

const renamed = (fields, rename) =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [rename(name), value]));

/** Python's names for the fields of a recipe or an exam, and back. */
export const toPython = (fields) => renamed(fields, snake);
export const fromPython = (fields) => renamed(fields, camel);

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Weights from a recording: float32 on the way, which is half as long. */
export const weightsOf = (text) => Float64Array.from(new Float32Array(bytesOf(text).buffer));

/** Weights as text, to the last bit. */
export function textOf(weights) {
  const bytes = new Uint8Array(Float64Array.from(weights).buffer);
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
}

/** `{ recipe, losses, exams, kept }` of what Python sent. */
export function readRecording({ recipe, losses, exams, weights }) {
  return {
    recipe: fromPython(recipe),
    losses,
    exams: exams.map(fromPython),
    kept: new Map(Object.entries(weights).map(([step, text]) => [Number(step), weightsOf(text)])),
  };
}
