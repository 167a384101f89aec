// The patterns of a whole model, in bytes: where each number is, what heads score, how they look when small.
// Scores are those of attnlib/head_scores.py.

const STEPS = 255;

/** What was sent: base64 on a page, a view of the bytes in a notebook. */
export function bytesOf(sent) {
  if (typeof sent !== "string")
    return new Uint8Array(sent.buffer, sent.byteOffset, sent.byteLength);
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(sent);
  const letters = atob(sent);
  const bytes = new Uint8Array(letters.length);
  for (let n = 0; n < letters.length; n++) bytes[n] = letters.charCodeAt(n);
  return bytes;
}

/** Where the numbers of a query stand among those of its head; a causal pattern has a half of them. */
export function shapeOf({ heads, queries, keys, causal }) {
  const start = causal ? (i) => (i * (i + 1)) / 2 : (i) => i * keys;
  const seen = causal ? (i) => i + 1 : () => keys;
  return { heads, queries, keys, causal, start, seen, size: start(queries) };
}

/** The row of a query in a head, as numbers up to `largest`; what is hidden is 0. */
export function rowOf(shape, bytes, largest, head, i) {
  const from = head * shape.size + shape.start(i);
  const seen = shape.seen(i);
  return Array.from({ length: shape.keys }, (_, j) =>
    j < seen ? (bytes[from + j] * largest) / STEPS : 0,
  );
}

const range = (from, to) => Array.from({ length: Math.max(0, to - from) }, (_, n) => from + n);

/** The earlier places of each token of a text. */
function earlierPlaces(tokens) {
  const places = new Map();
  return tokens.map((token, i) => {
    const before = places.get(token) ?? [];
    places.set(token, [...before, i]);
    return before;
  });
}

/** For each score the keys that count, query by query; a query without keys does not count. */
const KEYS = {
  previous: (tokens) => tokens.map((_, i) => (i ? [i - 1] : [])),
  first: (tokens) => tokens.map((_, i) => (i ? [0] : [])),
  own: (tokens) => tokens.map((_, i) => (i ? [i] : [])),
  same: (tokens) =>
    earlierPlaces(tokens).map((before, i) =>
      before.length
        ? [...before, ...range(i + 1, tokens.length).filter((j) => tokens[j] === tokens[i])]
        : [],
    ),
  prefix: (tokens) => earlierPlaces(tokens).map((before) => before.map((j) => j + 1)),
};

export const SCORES = Object.keys(KEYS);

/** The score of every head, and `uniform`, that of one that looks everywhere alike; null without a query that counts. */
export function scoresOf(name, shape, bytes, tokens) {
  const counted = KEYS[name](tokens).map((keys, i) => [i, keys]);
  const rows = counted.filter(([, keys]) => keys.length);
  if (!rows.length) return null;
  const spots = rows.flatMap(([i, keys]) =>
    keys.filter((j) => j < shape.seen(i)).map((j) => ({ at: shape.start(i) + j, i })),
  );
  const at = Int32Array.from(spots, (spot) => spot.at);
  const heads = Float64Array.from({ length: shape.heads }, (_, head) => {
    let sum = 0;
    for (let n = 0; n < at.length; n++) sum += bytes[head * shape.size + at[n]];
    return sum / STEPS / rows.length;
  });
  const uniform = spots.reduce((sum, { i }) => sum + 1 / shape.seen(i), 0) / rows.length;
  return { heads, uniform };
}

/** Which pixels of `size` each of `n` tokens has, one at least: from `first` up to `end`. */
function pixelsOf(n, size) {
  const first = Int32Array.from({ length: n }, (_, i) => Math.floor((i * size) / n));
  const end = first.map((from, i) => Math.max(from + 1, Math.floor(((i + 1) * size) / n)));
  return { first, end };
}

/** Writes to `line` the largest byte of each pixel of a row, `seen` bytes from `from`. */
function drawLine(line, { first, end }, bytes, from, seen) {
  line.fill(0);
  for (let j = 0; j < seen; j++) {
    const byte = bytes[from + j];
    for (let x = first[j]; x < end[j]; x++) if (line[x] < byte) line[x] = byte;
  }
}

/** The heads as squares of pixels. Whole patterns of one size are kept: to arrange them anew is quick. */
export class Squares {
  kept = new Map(); // by bytes, which are weights or lengths
  size = null;
  constructor(shape) {
    this.shape = shape;
  }
  /** `size` by `size` pixels, each the largest of its bytes. `only`: the one query that is drawn, over all of it. */
  of(bytes, head, size, only) {
    if (only !== null) return squareOf(this.shape, bytes, head, size, only);
    if (size !== this.size) this.kept.clear();
    this.size = size;
    if (!this.kept.has(bytes)) this.kept.set(bytes, []);
    return (this.kept.get(bytes)[head] ??= squareOf(this.shape, bytes, head, size, null));
  }
}

function squareOf(shape, bytes, head, size, only) {
  const rows = only === null ? pixelsOf(shape.queries, size) : pixelsOf(1, size);
  const columns = pixelsOf(shape.keys, size);
  const [square, line] = [new Uint8Array(size * size), new Uint8Array(size)];
  for (let n = 0; n < rows.first.length; n++) {
    const query = n + (only ?? 0);
    const from = head * shape.size + shape.start(query);
    drawLine(line, columns, bytes, from, shape.seen(query));
    for (let at = rows.first[n] * size; at < rows.end[n] * size; at += size)
      for (let x = 0; x < size; x++) if (square[at + x] < line[x]) square[at + x] = line[x];
  }
  return square;
}

/** Writes `square`, of `size`, into `out` at `origin`, where `width` pixels are a line. */
function writeSquare(out, square, { width, origin, size, flipped }) {
  const [across, down] = flipped ? [width, 1] : [1, width];
  for (let y = 0, at = 0; y < size; y++)
    for (let x = 0; x < size; x++) out[origin + y * down + x * across] = square[at++];
}

/** Small weights are many and faint: opacity is the root of what a byte tells. */
const OPACITY = Uint8Array.from({ length: STEPS + 1 }, (_, byte) =>
  Math.round(Math.sqrt(byte * STEPS)),
);

/**
 * The heads of `order` as `squares`, `columns` to a line, each `tile` wide and `line` high with `gap` between,
 * in units of `scale` pixels: `{alpha, width, height}`.
 */
export function mosaicOf({ squares, bytes, order, only, flipped, ...place }) {
  const { columns, tile, line, gap, scale } = place;
  const width = Math.round(columns * tile * scale);
  const height = Math.round(Math.ceil(order.length / columns) * line * scale);
  const size = Math.max(1, Math.floor((tile - gap) * scale));
  const alpha = new Uint8Array(width * height);
  order.forEach((head, n) => {
    const x = Math.round((n % columns) * tile * scale);
    const y = Math.round(Math.floor(n / columns) * line * scale);
    const square = squares.of(bytes, head, size, only);
    writeSquare(alpha, square, { width, origin: y * width + x, size, flipped });
  });
  for (let n = 0; n < alpha.length; n++) alpha[n] = OPACITY[alpha[n]];
  return { alpha, width, height };
}

const LONGEST = 14; // letters

/** A token beside a grid, where a long one has no room. */
export function brief(token) {
  const letters = [...token];
  return letters.length > LONGEST ? `${letters.slice(0, LONGEST - 1).join("")}…` : token;
}

/** A token as it is shown: what is white space has a sign. */
export const shown = (token) => token.replace(/\n/g, "¶").replace(/\t/g, "→").trim() || "·";
