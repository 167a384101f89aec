// Weights in few bits, as GGUF files keep them: blocks of 32 numbers with a step of their own.

export const Q4_1 = 3;
export const Q8_0 = 8;
const BLOCK = 32; // numbers
const BLOCK_BYTES = { [Q4_1]: 20, [Q8_0]: 34 };

/** Bytes of a row of a matrix. */
export const rowBytes = ({ kind, columns }) => (columns / BLOCK) * BLOCK_BYTES[kind];

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** The number in half precision at `at`. Infinity and NaN are not among weights. */
function half(bytes, at) {
  const halfBits = bytes[at] | (bytes[at + 1] << 8);
  bits[0] = ((halfBits & 0x8000) << 16) | ((halfBits & 0x7fff) << 13);
  return float[0] * 2 ** 112; // the exponent of a single begins that much lower
}

function unpackFourBits(bytes, at, out, start) {
  const step = half(bytes, at);
  const least = half(bytes, at + 2);
  for (let i = 0; i < BLOCK / 2; i++) {
    const pair = bytes[at + 4 + i];
    out[start + i] = step * (pair & 15) + least;
    out[start + BLOCK / 2 + i] = step * (pair >> 4) + least;
  }
}

function unpackEightBits(bytes, at, out, start) {
  const step = half(bytes, at);
  for (let i = 0; i < BLOCK; i++) out[start + i] = step * ((bytes[at + 2 + i] << 24) >> 24);
}

const UNPACK = { [Q4_1]: unpackFourBits, [Q8_0]: unpackEightBits };

/** Writes row `row` of `matrix`, `{ kind, columns, at }` in `bytes`, into `out` from its start. */
export function unpackRow(bytes, matrix, row, out) {
  const unpack = UNPACK[matrix.kind];
  let at = matrix.at + row * rowBytes(matrix);
  for (let start = 0; start < matrix.columns; start += BLOCK, at += BLOCK_BYTES[matrix.kind])
    unpack(bytes, at, out, start);
}
