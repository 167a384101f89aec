// The engine is one function, and its text is the source of the worker.
import engine from "./worker.js" with { type: "function" };

export const source = `(${engine})().listen()`;
