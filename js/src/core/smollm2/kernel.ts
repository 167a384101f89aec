// AssemblyScript, built into 128-bit WebAssembly instructions by kernel.mjs: products with weights in few bits.
// Addresses are bytes of one memory, which holds the weights and what is multiplied with them.

const Q8_0: i32 = 8; // blocks of 32: a half-precision step, 32 signed bytes
const TOKENS: i32 = 4; // whose sums are kept in registers, for two rows at once

/** A number in half precision as four equal floats. Infinity and NaN are not among weights. */
function half(at: usize): v128 {
  const bits = <u32>load<u16>(at);
  const exponentsFarDown = reinterpret<f32>(((bits & 0x8000) << 16) | ((bits & 0x7fff) << 13));
  return f32x4.splat(exponentsFarDown * reinterpret<f32>(0x77800000)); // 2 ** 112
}

/** Four floats of four bytes: step * byte + least. */
function put(at: usize, words: v128, step: v128, least: v128): void {
  v128.store(at, f32x4.add(f32x4.mul(f32x4.convert_i32x4_u(words), step), least));
}

/** Sixteen floats of sixteen bytes. */
function spread(at: usize, bytes: v128, step: v128, least: v128): void {
  const low = i16x8.extend_low_i8x16_u(bytes);
  const high = i16x8.extend_high_i8x16_u(bytes);
  put(at, i32x4.extend_low_i16x8_u(low), step, least);
  put(at + 16, i32x4.extend_high_i16x8_u(low), step, least);
  put(at + 32, i32x4.extend_low_i16x8_u(high), step, least);
  put(at + 48, i32x4.extend_high_i16x8_u(high), step, least);
}

/** Q4_1: a step, a least value, and 16 bytes of which each holds the numbers i and i + 16. */
function unpackFourBits(from: usize, to: usize, end: usize): void {
  const low = i8x16.splat(15);
  for (; to < end; to += 128, from += 20) {
    const step = half(from);
    const least = half(from + 2);
    const pairs = v128.load(from, 4);
    spread(to, v128.and(pairs, low), step, least);
    spread(to + 64, i8x16.shr_u(pairs, 4), step, least);
  }
}

/** Q8_0. A signed byte plus 128 is an unsigned one. */
function unpackEightBits(from: usize, to: usize, end: usize): void {
  const flip = i8x16.splat(-128);
  for (; to < end; to += 128, from += 34) {
    const step = half(from);
    const least = f32x4.mul(step, f32x4.splat(-128));
    spread(to, v128.xor(v128.load(from, 2), flip), step, least);
    spread(to + 64, v128.xor(v128.load(from, 18), flip), step, least);
  }
}

function unpack(kind: i32, from: usize, to: usize, end: usize): void {
  if (kind == Q8_0) unpackEightBits(from, to, end);
  else unpackFourBits(from, to, end);
}

function sum(x: v128): f32 {
  return (
    f32x4.extract_lane(x, 0) +
    f32x4.extract_lane(x, 1) +
    (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3))
  );
}

function plus(sums: v128, x: v128, y: v128): v128 {
  return f32x4.add(sums, f32x4.mul(x, y));
}

/** Two rows by four tokens. `wide` and `tall` are the bytes of an input and of an output. */
function tile(row: usize, x: usize, y: usize, wide: usize, tall: usize): void {
  let a = f32x4.splat(0);
  let b = a, c = a, d = a, e = a, f = a, g = a, h = a; // prettier-ignore
  for (const end = x + wide; x < end; x += 16, row += 16) {
    const first = v128.load(row);
    const second = v128.load(row + wide);
    let token = v128.load(x);
    a = plus(a, first, token);
    e = plus(e, second, token);
    token = v128.load(x + wide);
    b = plus(b, first, token);
    f = plus(f, second, token);
    token = v128.load(x + 2 * wide);
    c = plus(c, first, token);
    g = plus(g, second, token);
    token = v128.load(x + 3 * wide);
    d = plus(d, first, token);
    h = plus(h, second, token);
  }
  write(y, a, e);
  write(y + tall, b, f);
  write(y + 2 * tall, c, g);
  write(y + 3 * tall, d, h);
}

/** Two rows by one token. Two sums for each row: an addition need not wait for the one before. */
function pair(row: usize, x: usize, y: usize, wide: usize): void {
  let a = f32x4.splat(0);
  let b = a, c = a, d = a; // prettier-ignore
  for (const end = x + wide; x < end; x += 32, row += 32) {
    const token = v128.load(x);
    const next = v128.load(x, 16);
    a = plus(a, v128.load(row), token);
    b = plus(b, v128.load(row, 16), next);
    c = plus(c, v128.load(row + wide), token);
    d = plus(d, v128.load(row + wide, 16), next);
  }
  write(y, f32x4.add(a, b), f32x4.add(c, d));
}

function write(y: usize, first: v128, second: v128): void {
  store<f32>(y, sum(first));
  store<f32>(y, sum(second), 4);
}

/**
 * y[token][row] = sum over columns of w[row][column] * x[token][column].
 *
 * `w` holds `rows` rows in blocks of `kind`, `rowBytes` each; `rows` is even, `columns` a multiple of 32.
 * Two rows at a time are unpacked to floats at `room` and serve every token.
 */
export function multiply(
  kind: i32,
  w: usize,
  rowBytes: usize,
  x: usize,
  y: usize,
  rows: i32,
  columns: i32,
  tokens: i32,
  room: usize,
): void {
  const wide = (<usize>columns) << 2;
  const tall = (<usize>rows) << 2;
  for (let r = 0; r < rows; r += 2, w += 2 * rowBytes, y += 8) {
    unpack(kind, w, room, room + wide);
    unpack(kind, w + rowBytes, room + wide, room + 2 * wide);
    let t = 0;
    for (; t + TOKENS <= tokens; t += TOKENS)
      tile(room, x + <usize>t * wide, y + <usize>t * tall, wide, tall);
    for (; t < tokens; t++) pair(room, x + <usize>t * wide, y + <usize>t * tall, wide);
  }
}
