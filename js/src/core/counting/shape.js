// The sizes of a transformer, and what it keeps of a text, as in attnlib/counting/shape.py. Every count is
// exact: the sizes below keep the largest sum within what a number of JavaScript holds (2^53).

export const MOST = {
  ...{ n_layers: 1000, n_heads: 1024, d_model: 131_072, n_vocab: 10_000_000 },
  ...{ n_positions: 10_000_000, d_head: 4096, n_kv_heads: 1024, d_ff: 1_000_000 },
};
export const MOST_EXTRAS = {
  ...{ n_norms: 16, window: 10_000_000, n_full: 1000, n_kv_heads_full: 1024, d_head_full: 4096 },
  ...{ n_kv_shared: 1000, n_kv_shared_full: 1000, d_ff_shared: 1_000_000, d_per_layer: 131_072 },
  ...{ d_value: 4096, d_latent: 131_072, d_query_latent: 131_072, d_rotary: 4096 },
  ...{ n_index_heads: 1024, d_index: 4096, n_indexed: 1000, n_chosen: 10_000_000 },
  ...{ n_linear: 1000, n_linear_heads: 1024, n_linear_keys: 1024 },
  ...{ d_linear_key: 4096, d_linear_value: 4096, n_taps: 1000 },
  ...{ n_experts: 10_000, n_active: 10_000, n_shared: 10_000, n_dense: 1000 },
  ...{ d_expert: 1_000_000, d_shared: 1_000_000 },
};
/** What came to a shape later: links that are older do not have it. */
export const EXTRAS = {
  ...Object.fromEntries(Object.keys(MOST_EXTRAS).map((name) => [name, 0])),
  ...{ n_norms: 2, qk_norm: "none", decay: "none" },
  ...{ sinks: false, gates: false, tied_kv: false },
  ...{ router_bias: false, router_scales: false, shared_gate: false },
};
/** What a shape has where nothing is said of it; null for what follows. */
export const USUAL = {
  ...{ n_positions: 0, d_head: null, n_kv_heads: null, d_ff: null },
  ...{ gated: false, tied: true, biases: true, norm: "layer" },
  ...EXTRAS,
};
export const NORMS = { none: 0, rms: 1, layer: 2 };
export const BYTES = { float32: 4, bfloat16: 2, int8: 1 };
const COUNTS = ["n_layers", "n_heads", "d_model", "n_vocab"];
const OPTIONAL = ["n_kv_heads", "d_head", "d_ff"];
const SWITCHES = [
  ...["gated", "tied", "sinks", "gates", "tied_kv"],
  ...["router_bias", "router_scales", "shared_gate"],
];
const BIASES = [true, false, "attention", "qkv"];
const KINDS = {
  norm: Object.keys(NORMS),
  qk_norm: ["none", "head", "all"],
  decay: ["none", "head", "column"],
};
const GOES_WITH = {
  window: ["n_full"],
  n_full: ["n_kv_heads_full", "d_head_full", "n_kv_shared_full"],
  n_kv_shared: ["n_kv_shared_full", "d_ff_shared"],
  d_latent: ["d_query_latent", "d_rotary"],
  d_query_latent: ["n_index_heads"],
  n_index_heads: ["d_index", "n_indexed", "n_chosen"],
  n_linear: ["n_linear_heads", "n_linear_keys", "d_linear_key", "d_linear_value", "n_taps"],
  n_experts: ["n_active", "n_shared", "n_dense", "d_expert", "router_bias", "router_scales"],
  n_shared: ["d_shared", "shared_gate"],
};
const NEEDS = {
  n_experts: ["n_active"],
  n_index_heads: ["d_index", "n_indexed", "n_chosen"],
  n_linear: ["n_linear_heads", "d_linear_key", "d_linear_value"],
};
const AT_MOST = [
  ["n_full", "n_layers"],
  ["n_dense", "n_layers"],
  ["n_linear", "n_layers"],
  ["n_indexed", "n_layers"],
  ["n_active", "n_experts"],
  ["n_kv_shared", "n_layers"],
  ["n_kv_shared_full", "n_full"],
  ["n_kv_shared_full", "n_kv_shared"],
];
const SEARCHED = 1000; // how far from a size that does not fit one that does is looked for

function checkWhole(name, value, least = 1) {
  if (!Number.isInteger(value)) {
    const came = String(JSON.stringify(value)).slice(0, 24);
    throw new Error(`${name} is ${came}; expected a whole number`);
  }
  if (value < least) throw new Error(`${name} is ${value}; expected at least ${least}`);
}

function checkDivides(name, value, wholeName, whole, otherwise = "") {
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

function checkKinds(s) {
  const given = OPTIONAL.filter((name) => s[name] !== null);
  for (const name of [...COUNTS, ...given]) checkWhole(name, s[name]);
  for (const name of ["n_positions", ...Object.keys(MOST_EXTRAS)]) checkWhole(name, s[name], 0);
  for (const name of SWITCHES)
    if (typeof s[name] !== "boolean") throw new Error(`${name} must be true or false`);
  if (!BIASES.includes(s.biases)) throw new Error("there are no biases of this kind");
  for (const [name, known] of Object.entries(KINDS))
    if (!known.includes(s[name])) throw new Error(`there is no ${name} of this name`);
}

// Sizes that mean nothing without another are not passed over.
function checkExtras(s) {
  const each = (table) =>
    Object.entries(table).flatMap(([whole, parts]) => parts.map((name) => [whole, name]));
  for (const [whole, name] of each(GOES_WITH))
    if (s[name] && !s[whole])
      throw new Error(
        `${name} is ${s[name] === true ? "True" : s[name]} and ${whole} is 0: ` +
          `give ${whole}, or no ${name}`,
      );
  for (const [name, most] of AT_MOST)
    if (s[name] > s[most])
      throw new Error(`${name} is ${s[name]}; expected at most ${most}, ${s[most]}`);
  for (const [whole, name] of each(NEEDS))
    if (s[whole] && !s[name])
      throw new Error(`${name} is 0 and ${whole} ${s[whole]}; expected at least 1`);
}

/** What is borrowed must have been made before, in each kind of layers. */
function checkShared(s) {
  const windowed = s.window ? s.n_layers - s.n_full : 0;
  const full = s.window ? s.n_kv_shared_full : s.n_kv_shared;
  const kinds = [
    [full, s.n_layers - windowed],
    [s.n_kv_shared - full, windowed],
  ];
  if (kinds.some(([borrowing, layers]) => borrowing && borrowing >= layers))
    throw new Error(
      `n_kv_shared is ${s.n_kv_shared}: at least one layer of each kind must make the keys and ` +
        "values that the others use",
    );
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
  for (const name of ["gates", "tied_kv", "d_head_full", "n_kv_heads_full", "n_kv_shared"])
    if (s[name]) throw new Error(`with d_latent no ${name} can be counted: take ${name} out`);
  if (s.qk_norm !== "none") throw new Error("with d_latent no qk_norm is counted: take it out");
}

function checkLinear(s) {
  if ((s.decay !== "none") !== s.n_linear > 0) {
    const expected = s.n_linear ? '"head" or "column"' : '"none"';
    throw new Error(`decay is '${s.decay}' and n_linear ${s.n_linear}; expected ${expected}`);
  }
  if (!s.n_linear) return;
  if (s.n_linear_keys)
    checkDivides("n_linear_keys", s.n_linear_keys, "n_linear_heads", s.n_linear_heads);
  for (const name of ["window", "biases"])
    if (s[name]) throw new Error(`with n_linear no ${name} can be counted: take ${name} out`);
}

/** The shape with what was not given (null) filled in; an `Error` says what does not fit. */
export function filled(asked) {
  const s = { ...asked };
  checkKinds(s);
  if (s.d_head === null)
    checkDivides("n_heads", s.n_heads, "d_model", s.d_model, ", or give d_head");
  s.d_head ??= s.d_model / s.n_heads;
  s.n_kv_heads ??= s.n_heads;
  checkDivides("n_kv_heads", s.n_kv_heads, "n_heads", s.n_heads);
  s.d_ff ??= 4 * s.d_model;
  checkExtras(s);
  checkShared(s);
  if (s.tied_kv && s.window && !s.n_full)
    throw new Error("tied_kv is for layers that read the whole text: give n_full");
  if (s.n_kv_heads_full) checkDivides("n_kv_heads_full", s.n_kv_heads_full, "n_heads", s.n_heads);
  if (s.d_latent) checkLatent(s);
  checkLinear(s);
  return s;
}

/** What follows from other sizes needs no bound: heads times a d_head that follows is d_model. */
export function checkCountable(asked) {
  for (const [name, most] of Object.entries({ ...MOST, ...MOST_EXTRAS }))
    if (asked[name] > most)
      throw new Error(`${name} is ${asked[name]}; the figure counts up to ${most}`);
}

/**
 * The kinds of layers with softmax: one, or two, or none. Of its `layers`, those that are `keeping` make
 * keys and values; `kept` counts the numbers that one of these keeps of a token.
 */
export function kindsOf(s) {
  const layers = s.n_layers - s.n_linear;
  const windowed = s.window ? layers - s.n_full : 0;
  const kept = windowed - (s.window ? s.n_kv_shared - s.n_kv_shared_full : 0);
  const usual = [s.n_kv_heads, s.d_head, false];
  const full = [s.n_kv_heads_full || s.n_kv_heads, s.d_head_full || s.d_head, s.tied_kv];
  if (!layers) return [];
  if (!windowed || usual.every((one, n) => one === full[n]))
    return [kind(s, "", [layers, layers - s.n_kv_shared, kept], full)];
  const kinds = [kind(s, "", [windowed, kept, kept], usual)];
  if (!s.n_full) return kinds;
  return [...kinds, kind(s, "full ", [s.n_full, s.n_full - s.n_kv_shared_full, 0], full)];
}

function kind(s, name, [layers, keeping, windowed], [n_kv_heads, d_head, tied_kv]) {
  const d_value = s.d_value || d_head;
  const kept = s.d_latent ? s.d_latent + s.d_rotary : n_kv_heads * (d_head + d_value);
  return { name, layers, keeping, windowed, n_kv_heads, d_head, d_value, tied_kv, kept };
}

/** The numbers kept of `n` tokens, in all layers. */
export const cacheNumbers = (s, n = 1) =>
  kindsOf(s).reduce(
    (sum, { kept, keeping, windowed }) =>
      sum + kept * ((keeping - windowed) * n + windowed * Math.min(n, s.window)),
    s.n_indexed * s.d_index * n,
  );

/** The bytes of them. */
export const cacheBytes = (s, dtype, n = 1) => cacheNumbers(s, n) * BYTES[dtype];

/** The numbers of all queries, keys and values of a linear layer. */
export const tapped = (s) =>
  2 * (s.n_linear_keys || s.n_linear_heads) * s.d_linear_key + s.n_linear_heads * s.d_linear_value;

/** The numbers that linear layers keep, however long the text is. */
export const stateNumbers = (s) =>
  s.n_linear *
  (s.n_linear_heads * s.d_linear_key * s.d_linear_value + Math.max(s.n_taps - 1, 0) * tapped(s));
