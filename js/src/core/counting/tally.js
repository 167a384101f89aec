// The parameters of a transformer, array by array, as in attnlib/counting/tally.py.
import { NORMS, checkCountable, filled, kindsOf, tapped } from "./shape.js";

export const MOST_PARAMETERS = 9_000_000_000_000_000;
export const PARTS = ["embedding", "attention", "feed-forward", "normalisation", "unembedding"];
export const EXPERT = "expert's ";

/** `filled`, once what it gives can be counted to the last digit. */
export function complete(asked) {
  const shape = filled(asked);
  checkCountable(asked);
  if (tally(shape).total > MOST_PARAMETERS)
    throw new Error(`the figure counts up to ${MOST_PARAMETERS} parameters; this model has more`);
  return shape;
}

// Below, every kind of array is `[name, size, how many in a layer, layers]`.

function heads(s, { name, layers, keeping, n_kv_heads, d_head, d_value, tied_kv }) {
  const keys = s.d_latent || s.d_model;
  const made = [
    ["q", s.n_heads, [s.d_query_latent || s.d_model, d_head]],
    ["k", n_kv_heads, [keys, d_head - s.d_rotary]],
    ["v", tied_kv ? 0 : n_kv_heads, [keys, d_value]],
  ];
  const forAll = s.biases === true || s.biases === "attention"; // b_o is one for all heads
  return [
    ...made.flatMap(([letter, n, size]) => {
      const made = letter === "q" ? layers : keeping;
      return [
        [`${name}w_${letter}`, size, n, made],
        [`${name}b_${letter}`, size.slice(1), s.biases ? n : 0, made],
      ];
    }),
    [`${name}w_gate`, [s.d_model, d_value], s.gates ? s.n_heads : 0, layers],
    [`${name}w_o`, [d_value, s.d_model], s.n_heads, layers],
    [`${name}b_o`, [s.d_model], forAll ? 1 : 0, layers],
    [`${name}sink`, [1], s.sinks ? s.n_heads : 0, layers],
  ];
}

function linear(s) {
  const [n, keys] = [s.n_linear_heads, s.n_linear_keys || s.n_linear_heads];
  const [d_key, d_value, thin] = [s.d_linear_key, s.d_linear_value, s.decay === "column"];
  const decay = thin ? d_key : 1;
  const into = thin ? d_key : s.d_model; // what the gate and the decay of a head are made from
  return [
    ["w_q", [s.d_model, d_key], keys],
    ["w_k", [s.d_model, d_key], keys],
    ["w_v", [s.d_model, d_value], n],
    ["taps", [s.n_taps], tapped(s)],
    ["w_write", [s.d_model, 1], n],
    ["w_decay_thin", [s.d_model, d_key], Number(thin)],
    ["w_decay", [into, decay], n],
    ["b_decay", [decay], n],
    ["rate", [1], n],
    ["w_gate_thin", [s.d_model, d_key], Number(thin)],
    ["w_gate", [into, d_value], n],
    ["w_o", [d_value, s.d_model], n],
  ].map(([name, size, copies]) => [`linear ${name}`, size, copies, s.n_linear]);
}

function attention(s) {
  const layers = s.n_layers - s.n_linear;
  return [
    ["w_q_latent", [s.d_model, s.d_query_latent], 1, layers],
    ["w_kv_latent", [s.d_model, s.d_latent], 1, layers],
    ["w_k_rotary", [s.d_model, s.d_rotary], 1, layers],
    ...kindsOf(s).flatMap((kind) => heads(s, kind)),
    ["index w_q", [s.d_query_latent, s.d_index], s.n_index_heads, s.n_indexed],
    ["index w_k", [s.d_model, s.d_index], 1, s.n_indexed],
    ["index w_head", [s.d_model, 1], s.n_index_heads, s.n_indexed],
    ...linear(s),
  ];
}

/** Layers that have experts. */
const withExperts = (s) => (s.n_experts ? s.n_layers - s.n_dense : 0);

function network(s, whose, width, copies, layers) {
  const biases = s.biases === true ? copies : 0;
  return [
    ...(s.gated ? ["in", "gate"] : ["in"]).flatMap((name) => [
      [`${whose}w_${name}`, [s.d_model, width], copies, layers],
      [`${whose}b_${name}`, [width], biases, layers],
    ]),
    [`${whose}w_out`, [width, s.d_model], copies, layers],
    [`${whose}b_out`, [s.d_model], biases, layers],
  ];
}

function feedForward(s) {
  const [layers, width] = [withExperts(s), s.d_expert || s.d_ff];
  const alike = s.d_shared === 0 || s.d_shared === width;
  const dense = s.n_layers - layers; // the first ones; those that borrow keys are the last
  const later = s.d_ff_shared ? Math.max(0, dense + s.n_kv_shared - s.n_layers) : 0;
  const layered = s.d_per_layer ? s.n_layers : 0;
  return [
    ...network(s, "", s.d_ff, 1, dense - later),
    ...network(s, "later ", s.d_ff_shared, 1, later),
    ...network(s, EXPERT, width, s.n_experts + (alike ? s.n_shared : 0), layers),
    ...network(s, `shared ${EXPERT}`, s.d_shared, alike ? 0 : s.n_shared, layers),
    ["w_shared_gate", [s.d_model, 1], Number(s.shared_gate), layers],
    ["w_router", [s.d_model, s.n_experts], 1, layers],
    ["b_router", [s.n_experts], Number(s.router_bias), layers],
    ["router's scales", [s.d_model + s.n_experts], Number(s.router_scales), layers],
    ["layer's w_gate", [s.d_model, s.d_per_layer], 1, layered],
    ["layer's w_out", [s.d_per_layer, s.d_model], 1, layered],
  ];
}

function normalisation(s) {
  const [vectors, qk] = [NORMS[s.norm], { none: () => 0, head: () => 1, all: (n) => n }[s.qk_norm]];
  const layers = s.n_layers - s.n_linear;
  return [
    ["scales and shifts", [s.d_model], vectors, s.n_norms * s.n_layers + 1],
    ...kindsOf(s).flatMap((kind) => [
      [`of ${kind.name}queries`, [kind.d_head], qk(s.n_heads) * vectors, kind.layers],
      [`of ${kind.name}keys`, [kind.d_head], qk(kind.n_kv_heads) * vectors, kind.keeping],
    ]),
    ["of latent queries", [s.d_query_latent], vectors, layers],
    ["of latent keys and values", [s.d_latent], vectors, layers],
    ["of layers' tables", [s.d_per_layer], s.d_per_layer ? vectors : 0, 1],
    ["of what they add", [s.d_model], s.d_per_layer ? vectors : 0, s.n_layers],
    ["of index keys", [s.d_index], NORMS.layer, s.n_indexed],
    ["of linear outputs", [s.d_linear_value], vectors, s.n_linear],
  ];
}

function arrays(s) {
  const of = (part, entries) => entries.map((entry) => [part, ...entry]);
  return [
    ["embedding", "table of tokens", [s.n_vocab, s.d_model], 1, 1],
    ["embedding", "table of positions", [s.n_positions, s.d_model], 1, 1],
    ["embedding", "tables of layers", [s.n_vocab, s.d_per_layer], 1, s.n_layers],
    ["embedding", "w_layers", [s.d_model, s.d_per_layer], 1, s.n_layers],
    ...of("attention", attention(s)),
    ...of("feed-forward", feedForward(s)),
    ...of("normalisation", normalisation(s)),
    ["unembedding", "table of tokens", [s.d_model, s.n_vocab], s.tied ? 0 : 1, 1],
  ];
}

/** The entries of a complete shape, their sums by part, and the total. */
export function tally(shape) {
  const entries = arrays(shape)
    .map(([part, name, size, inLayer, layers]) => {
      const each = size.reduce((product, n) => product * n, 1);
      const [id, copies] = [`${part}: ${name}`, inLayer * layers];
      return { id, part, name, size, inLayer, layers, copies, each, total: copies * each };
    })
    .filter(({ total }) => total !== 0);
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
