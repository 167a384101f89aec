// The parameters of a transformer, array by array, as in attnlib/counting.py. Every count is exact: the
// sizes below keep the largest sum within what a number of JavaScript holds (2^53).

export const MOST = {
  ...{ n_layers: 1000, n_heads: 1024, d_model: 131_072, n_vocab: 10_000_000 },
  ...{ n_positions: 10_000_000, d_head: 4096, n_kv_heads: 1024, d_ff: 1_000_000 },
};
export const NORMS = { none: 0, rms: 1, layer: 2 };
export const BYTES = { float32: 4, bfloat16: 2, int8: 1 };
export const PARTS = ["embedding", "attention", "feed-forward", "normalisation", "unembedding"];
const COUNTS = ["n_layers", "n_heads", "d_model", "n_vocab"];
const OPTIONAL = ["n_kv_heads", "d_head", "d_ff"];
const SWITCHES = ["gated", "tied", "biases"];
const SEARCHED = 1000; // how far from a size that does not fit one that does is looked for

function checkWhole(name, value, least = 1) {
  if (!Number.isInteger(value)) {
    const came = String(JSON.stringify(value)).slice(0, 24);
    throw new Error(`${name} is ${came}; expected a whole number`);
  }
  if (value < least) throw new Error(`${name} is ${value}; expected at least ${least}`);
}

// What follows from other sizes needs no bound: heads times a d_head that follows is d_model.
function checkCountable(asked) {
  for (const [name, most] of Object.entries(MOST))
    if (asked[name] > most)
      throw new Error(`${name} is ${asked[name]}; the figure counts up to ${most}`);
}

function checkDivides(name, value, wholeName, whole, otherwise) {
  if (whole % value === 0) return;
  const divides = (n) => whole % n === 0;
  const near = Array.from({ length: 2 * SEARCHED + 1 }, (_, n) => value - SEARCHED + n).filter(
    (n) => n >= 1 && n <= whole && divides(n),
  );
  const below = near.filter((n) => n < value).at(-1) ?? 1;
  const above = near.find((n) => n > value);
  const fits = `${name} of ${below}${above ? ` or ${above}` : ""} would fit`;
  throw new Error(
    `${wholeName} is ${whole} and cannot be divided by ${name}, ${value}: ${fits}${otherwise}`,
  );
}

/** The shape with what was not given (null) filled in; an `Error` says what does not fit. */
export function complete(asked) {
  const shape = { ...asked };
  const given = OPTIONAL.filter((name) => asked[name] !== null);
  for (const name of [...COUNTS, ...given]) checkWhole(name, asked[name]);
  checkWhole("n_positions", asked.n_positions, 0);
  for (const name of SWITCHES)
    if (typeof shape[name] !== "boolean") throw new Error(`${name} must be true or false`);
  if (!Object.keys(NORMS).includes(shape.norm)) throw new Error(`there is no norm of this name`);
  if (shape.d_head === null)
    checkDivides("n_heads", shape.n_heads, "d_model", shape.d_model, ", or give d_head");
  shape.d_head ??= shape.d_model / shape.n_heads;
  shape.n_kv_heads ??= shape.n_heads;
  checkDivides("n_kv_heads", shape.n_kv_heads, "n_heads", shape.n_heads, "");
  shape.d_ff ??= 4 * shape.d_model;
  checkCountable(asked);
  return shape;
}

/** `[part, name, size, copies]` of every kind of array. */
function arrays(s) {
  const biases = s.biases ? 1 : 0;
  const heads = [
    ["q", s.n_heads],
    ["k", s.n_kv_heads],
    ["v", s.n_kv_heads],
  ];
  const widened = s.gated ? ["in", "gate"] : ["in"];
  return [
    ["embedding", "table of tokens", [s.n_vocab, s.d_model], 1],
    ["embedding", "table of positions", [s.n_positions, s.d_model], 1],
    ...heads.flatMap(([letter, n]) => [
      ["attention", `w_${letter}`, [s.d_model, s.d_head], s.n_layers * n],
      ["attention", `b_${letter}`, [s.d_head], s.n_layers * n * biases],
    ]),
    ["attention", "w_o", [s.d_head, s.d_model], s.n_layers * s.n_heads],
    ["attention", "b_o", [s.d_model], s.n_layers * biases],
    ...widened.flatMap((name) => [
      ["feed-forward", `w_${name}`, [s.d_model, s.d_ff], s.n_layers],
      ["feed-forward", `b_${name}`, [s.d_ff], s.n_layers * biases],
    ]),
    ["feed-forward", "w_out", [s.d_ff, s.d_model], s.n_layers],
    ["feed-forward", "b_out", [s.d_model], s.n_layers * biases],
    ["normalisation", "scales and shifts", [s.d_model], (2 * s.n_layers + 1) * NORMS[s.norm]],
    ["unembedding", "table of tokens", [s.d_model, s.n_vocab], s.tied ? 0 : 1],
  ];
}

/** The entries of a complete shape, their sums by part, and the total. */
export function tally(shape) {
  const entries = arrays(shape)
    .map(([part, name, size, copies]) => {
      const each = size.reduce((product, n) => product * n, 1);
      return { id: `${part}: ${name}`, part, name, size, copies, each, total: copies * each };
    })
    .filter(({ total }) => total > 0);
  const sum = (some) => some.reduce((total, entry) => total + entry.total, 0);
  const parts = Object.fromEntries(
    PARTS.map((part) => [part, sum(entries.filter((entry) => entry.part === part))]),
  );
  return { entries, parts, total: sum(entries) };
}

/** The bytes of the keys and values kept of one token. */
export function cacheBytes(shape, dtype) {
  return 2 * shape.n_layers * shape.n_kv_heads * shape.d_head * BYTES[dtype];
}
