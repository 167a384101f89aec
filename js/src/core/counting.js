// The parameters of a transformer, array by array, as in attnlib/counting.py. Every count is exact: the
// sizes below keep the largest sum within what a number of JavaScript holds (2^53).

export const MOST = {
  ...{ n_layers: 1000, n_heads: 1024, d_model: 131_072, n_vocab: 10_000_000 },
  ...{ n_positions: 10_000_000, d_head: 4096, n_kv_heads: 1024, d_ff: 1_000_000 },
};
export const MOST_EXTRAS = {
  ...{ n_norms: 16, window: 10_000_000, n_full: 1000, d_value: 4096 },
  ...{ d_latent: 131_072, d_query_latent: 131_072, d_rotary: 4096 },
  ...{ n_experts: 10_000, n_active: 10_000, n_shared: 10_000, n_dense: 1000, d_expert: 1_000_000 },
};
export const MOST_PARAMETERS = 9_000_000_000_000_000;
/** What came to a shape later: links that are older do not have it. */
export const EXTRAS = {
  ...Object.fromEntries(Object.keys(MOST_EXTRAS).map((name) => [name, 0])),
  ...{ n_norms: 2, qk_norm: "none", sinks: false, router_bias: false },
};
/** What a shape has where nothing is said of it; null for what follows. */
export const USUAL = {
  ...{ n_positions: 0, d_head: null, n_kv_heads: null, d_ff: null },
  ...{ gated: false, tied: true, biases: true, norm: "layer" },
  ...EXTRAS,
};
export const NORMS = { none: 0, rms: 1, layer: 2 };
export const BYTES = { float32: 4, bfloat16: 2, int8: 1 };
export const PARTS = ["embedding", "attention", "feed-forward", "normalisation", "unembedding"];
const COUNTS = ["n_layers", "n_heads", "d_model", "n_vocab"];
const OPTIONAL = ["n_kv_heads", "d_head", "d_ff"];
const SWITCHES = ["gated", "tied", "sinks", "router_bias"];
const BIASES = [true, false, "attention", "qkv"];
const QK_NORMS = ["none", "head", "all"];
const GOES_WITH = {
  window: ["n_full"],
  d_latent: ["d_query_latent", "d_rotary"],
  n_experts: ["n_active", "n_shared", "n_dense", "d_expert", "router_bias"],
};
const AT_MOST = { n_full: "n_layers", n_dense: "n_layers", n_active: "n_experts" };
export const EXPERT = "expert's ";
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
  for (const [name, most] of Object.entries({ ...MOST, ...MOST_EXTRAS }))
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

// Sizes that mean nothing without another are not passed over.
function checkExtras(s) {
  for (const [whole, parts] of Object.entries(GOES_WITH))
    for (const name of parts)
      if (s[name] && !s[whole])
        throw new Error(`${name} is ${s[name]} and ${whole} is 0: give ${whole}, or no ${name}`);
  for (const [name, most] of Object.entries(AT_MOST))
    if (s[name] > s[most])
      throw new Error(`${name} is ${s[name]}; expected at most ${most}, ${s[most]}`);
  if (s.n_experts && !s.n_active)
    throw new Error(`n_active is 0 and n_experts ${s.n_experts}; expected at least 1`);
}

function checkLatent(s) {
  if (s.n_kv_heads !== s.n_heads)
    throw new Error(
      `n_kv_heads is ${s.n_kv_heads} and n_heads ${s.n_heads}: with d_latent every head has ` +
        "keys and values of its own; give no n_kv_heads",
    );
  if (s.d_rotary >= s.d_head)
    throw new Error(`d_rotary is ${s.d_rotary}; expected less than d_head, ${s.d_head}`);
  if (s.biases) throw new Error("with d_latent no biases are counted: take them out");
  if (s.qk_norm !== "none") throw new Error("with d_latent no qk_norm is counted: take it out");
}

/** The shape with what was not given (null) filled in; an `Error` says what does not fit. */
export function complete(asked) {
  const shape = { ...asked };
  const given = OPTIONAL.filter((name) => asked[name] !== null);
  for (const name of [...COUNTS, ...given]) checkWhole(name, asked[name]);
  for (const name of ["n_positions", ...Object.keys(MOST_EXTRAS)]) checkWhole(name, asked[name], 0);
  for (const name of SWITCHES)
    if (typeof shape[name] !== "boolean") throw new Error(`${name} must be true or false`);
  if (!BIASES.includes(shape.biases)) throw new Error("there are no biases of this kind");
  if (!QK_NORMS.includes(shape.qk_norm)) throw new Error("there is no qk_norm of this name");
  if (!Object.keys(NORMS).includes(shape.norm)) throw new Error(`there is no norm of this name`);
  if (shape.d_head === null)
    checkDivides("n_heads", shape.n_heads, "d_model", shape.d_model, ", or give d_head");
  shape.d_head ??= shape.d_model / shape.n_heads;
  shape.n_kv_heads ??= shape.n_heads;
  checkDivides("n_kv_heads", shape.n_kv_heads, "n_heads", shape.n_heads, "");
  shape.d_ff ??= 4 * shape.d_model;
  checkExtras(shape);
  if (shape.d_latent) checkLatent(shape);
  checkCountable(asked);
  if (tally(shape).total > MOST_PARAMETERS)
    throw new Error(`the figure counts up to ${MOST_PARAMETERS} parameters; this model has more`);
  return shape;
}

function attention(s) {
  const [keys, d_value] = [s.d_latent || s.d_model, s.d_value || s.d_head];
  const heads = [
    ["q", s.n_heads, [s.d_query_latent || s.d_model, s.d_head]],
    ["k", s.n_kv_heads, [keys, s.d_head - s.d_rotary]],
    ["v", s.n_kv_heads, [keys, d_value]],
  ];
  const forAll = s.biases === true || s.biases === "attention"; // b_o is one for all heads
  return [
    ["w_q_latent", [s.d_model, s.d_query_latent], s.n_layers],
    ["w_kv_latent", [s.d_model, s.d_latent], s.n_layers],
    ["w_k_rotary", [s.d_model, s.d_rotary], s.n_layers],
    ...heads.flatMap(([letter, n, size]) => [
      [`w_${letter}`, size, s.n_layers * n],
      [`b_${letter}`, size.slice(1), s.biases ? s.n_layers * n : 0],
    ]),
    ["w_o", [d_value, s.d_model], s.n_layers * s.n_heads],
    ["b_o", [s.d_model], forAll ? s.n_layers : 0],
    ["sink", [1], s.sinks ? s.n_layers * s.n_heads : 0],
  ];
}

/** Layers that have experts. */
export const withExperts = (s) => (s.n_experts ? s.n_layers - s.n_dense : 0);

function network(s, whose, width, copies) {
  const biases = s.biases === true ? copies : 0;
  return [
    ...(s.gated ? ["in", "gate"] : ["in"]).flatMap((name) => [
      [`${whose}w_${name}`, [s.d_model, width], copies],
      [`${whose}b_${name}`, [width], biases],
    ]),
    [`${whose}w_out`, [width, s.d_model], copies],
    [`${whose}b_out`, [s.d_model], biases],
  ];
}

function feedForward(s) {
  const layers = withExperts(s);
  return [
    ...network(s, "", s.d_ff, s.n_layers - layers),
    ...network(s, EXPERT, s.d_expert || s.d_ff, layers * (s.n_experts + s.n_shared)),
    ["w_router", [s.d_model, s.n_experts], layers],
    ["b_router", [s.n_experts], s.router_bias ? layers : 0],
  ];
}

function normalisation(s) {
  const [vectors, qk] = [NORMS[s.norm], { none: () => 0, head: () => 1, all: (n) => n }[s.qk_norm]];
  const layers = s.n_layers * vectors;
  return [
    ["scales and shifts", [s.d_model], (s.n_norms * s.n_layers + 1) * vectors],
    ["of queries", [s.d_head], layers * qk(s.n_heads)],
    ["of keys", [s.d_head], layers * qk(s.n_kv_heads)],
    ["of latent queries", [s.d_query_latent], layers],
    ["of latent keys and values", [s.d_latent], layers],
  ];
}

/** `[part, name, size, copies]` of every kind of array. */
function arrays(s) {
  const of = (part, entries) => entries.map((entry) => [part, ...entry]);
  return [
    ["embedding", "table of tokens", [s.n_vocab, s.d_model], 1],
    ["embedding", "table of positions", [s.n_positions, s.d_model], 1],
    ...of("attention", attention(s)),
    ...of("feed-forward", feedForward(s)),
    ...of("normalisation", normalisation(s)),
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

/** The parameters that one token meets: all but those of experts that it does not visit. */
export function active(s, { entries, total }) {
  const one = entries
    .filter(({ name }) => name.startsWith(EXPERT))
    .reduce((sum, { each }) => sum + each, 0);
  return total - withExperts(s) * (s.n_experts - s.n_active) * one;
}

/** The numbers kept of `n` tokens, in all layers. */
export function cacheNumbers(s, n = 1) {
  const each = s.d_latent
    ? s.d_latent + s.d_rotary
    : s.n_kv_heads * (s.d_head + (s.d_value || s.d_head));
  const full = s.window ? s.n_full : s.n_layers;
  return each * (full * n + (s.n_layers - full) * Math.min(n, s.window));
}

/** The bytes of them. */
export const cacheBytes = (s, dtype, n = 1) => cacheNumbers(s, n) * BYTES[dtype];
