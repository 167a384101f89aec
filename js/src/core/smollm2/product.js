// Products with a matrix of weights, where the model spends its time: by the kernel, or without it.
import { rowBytes, unpackRow } from "./blocks.js";

const TOKENS = 4; // whose sums stay in the processor's registers

/** Whether this browser runs `kernel`, which needs WebAssembly and its 128-bit instructions. */
export function canRun(kernel) {
  try {
    return WebAssembly.validate(kernel);
  } catch {
    return false;
  }
}

/**
 * A function `(matrix, x, y, nTokens)` that writes `y[token][row] = sum(matrix[row] * x[token])`.
 * `x` and `y` are floats of `arena`, and so is `room`, for two unpacked rows.
 */
export async function kernelProduct(kernel, arena, room) {
  const { instance } = await WebAssembly.instantiate(kernel, { env: { memory: arena.memory } });
  const { multiply } = instance.exports;
  return (matrix, x, y, nTokens) => {
    const { kind, at, rows, columns } = matrix;
    multiply(kind, at, rowBytes(matrix), x.at, y.at, rows, columns, nTokens, room.at);
  };
}

/** The same in JavaScript, for browsers without those instructions. */
export function plainProduct(arena) {
  return (matrix, { data: x }, { data: y }, nTokens) => {
    const { rows, columns } = matrix;
    const row = new Float32Array(columns);
    for (let r = 0; r < rows; r++) {
      unpackRow(arena.bytes, matrix, r, row);
      let t = 0;
      for (; t + TOKENS <= nTokens; t += TOKENS) tile(row, x, t * columns, y, t * rows + r, rows);
      for (; t < nTokens; t++) y[t * rows + r] = dot(row, x, t * columns);
    }
  };
}

function dot(row, x, start) {
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += row[i] * x[start + i];
  return sum;
}

/** A row by four tokens: each weight is read once for all of them. */
function tile(row, x, start, y, at, tall) {
  const wide = row.length;
  let a = 0, b = 0, c = 0, d = 0; // prettier-ignore
  for (let i = 0, j = start; i < wide; i++, j++) {
    const weight = row[i];
    a += weight * x[j];
    b += weight * x[j + wide];
    c += weight * x[j + 2 * wide];
    d += weight * x[j + 3 * wide];
  }
  y[at] = a;
  y[at + tall] = b;
  y[at + 2 * tall] = c;
  y[at + 3 * tall] = d;
}
