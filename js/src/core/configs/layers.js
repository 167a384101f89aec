// What each layer of a model is, by its configuration, as in attnlib/configs/layers.py.
import { whole } from "../format.js";
import { asLong, isOff, shown, wholeOf } from "./values.js";

const layersOf = (n, what) => Array.from({ length: n }, (_, layer) => what(layer));
const everyOf = (name, value) => Math.max(1, wholeOf(name, value));

/** What each layer is: "full", "window" or "linear". */
export function kindsOfLayers(said, family, n, { kinds }) {
  const listed = said.layer_types ?? null;
  const types =
    listed === null ? null : layerTypes(listed, n, family.kinds).map((type) => kinds[type]);
  if (family.linear) return linear(said, family, types, n);
  return windowed(said, family, types, n).map((has) => (has ? "window" : "full"));
}

function layerTypes(types, n, known) {
  const unknown = asLong("layer_types", types, n).find((type) => !known.includes(type));
  if (unknown !== undefined)
    throw new Error(`layer_types has ${shown(unknown)}; counted here: ${known.join(", ")}`);
  return types;
}

function linear(said, family, types, n) {
  const name = "linear_attn_config.full_attn_layers"; // counted from 1, and before all else
  const full = said[name];
  if (Array.isArray(full)) {
    const unknown = full.find((one) => wholeOf(name, one) < 1 || one > n);
    if (unknown !== undefined)
      throw new Error(`${name} has ${shown(unknown)}; expected layers, 1 to ${whole(n)}`);
    return layersOf(n, (layer) => (full.includes(layer + 1) ? "full" : "linear"));
  }
  if (types) return types;
  const every = everyOf("full_attention_interval", said.full_attention_interval ?? family.linear);
  return layersOf(n, (layer) => ((layer + 1) % every ? "linear" : "full"));
}

/** Which layers have a window: true and false. */
function windowed(said, family, types, n) {
  const { windows: rule, last_is_full } = family;
  const inUse = (said.use_sliding_window ?? rule !== "above") !== false;
  if (!rule || !inUse || isOff(said[family.window_from])) return layersOf(n, () => false);
  const isLast = (layer) => last_is_full && layer + 1 === n;
  if (types) return types.map((type, layer) => type === "window" && !isLast(layer));
  if (rule === "all") return layersOf(n, () => true);
  if (rule === "above") {
    const first = wholeOf("max_window_layers", said.max_window_layers ?? n);
    return layersOf(n, (layer) => layer >= first);
  }
  if (rule === "rotated") return rotated(said, n);
  const pattern = said.sliding_window_pattern ?? said._sliding_window_pattern ?? rule;
  const letters = typeof pattern === "string" && /^L*G$/.test(pattern); // one a layer, again and again
  const every = everyOf("sliding_window_pattern", letters ? pattern.length : pattern);
  return layersOf(n, (layer) => (layer + 1) % every !== 0 && !isLast(layer));
}

/** Which layers have positions, by `no_rope_layers`: in it, 1 stands for those that have. */
function rotated(said, n) {
  const listed = said.no_rope_layers;
  if (!isOff(listed)) return asLong("no_rope_layers", listed, n).map((one) => !isOff(one));
  const every = everyOf("no_rope_layer_interval", said.no_rope_layer_interval ?? 4);
  return layersOf(n, (layer) => (layer + 1) % every !== 0);
}

/** The fields of a shape that follow from where layers of a kind stand. */
export function placed(said, family, layers, fields) {
  const found = {};
  const count = (kind) => layers.filter((one) => one === kind).length;
  if (layers.includes("window")) {
    const name = family.window_from;
    Object.assign(found, { window: wholeOf(name, said[name]), n_full: count("full") });
  } else if ("d_head_full" in fields) {
    const n_kv_heads = fields.n_kv_heads_full || (fields.n_kv_heads ?? null);
    const d_head = fields.d_head_full;
    Object.assign(found, { n_kv_heads, n_kv_heads_full: 0, d_head, d_head_full: 0 });
  }
  if (layers.includes("linear")) {
    const d_linear_value = fields.d_linear_value ?? fields.d_linear_key;
    Object.assign(found, { n_linear: count("linear"), d_linear_value });
  } else if (family.linear) {
    const gone = Object.keys(fields).filter((field) => field.includes("linear"));
    Object.assign(found, Object.fromEntries(gone.map((field) => [field, 0])));
    Object.assign(found, { n_taps: 0, decay: "none" });
  }
  if (fields.n_experts && family.dense_from)
    found.n_dense = dense(said, family, layers.length, fields.n_dense ?? 0);
  if (fields.n_experts && family.experts_if) found.d_shared = fields.d_ff;
  const last = fields.n_kv_shared ?? 0;
  if (last > 0 && last <= layers.length) Object.assign(found, borrowing(said, layers, fields));
  if (fields.n_index_heads) found.n_indexed = indexed(said, layers.length).filter(Boolean).length;
  return found;
}

/** Of the last layers, which use the keys and values of others. */
function borrowing(said, layers, { n_kv_shared, d_ff }) {
  const last = layers.includes("window") ? layers.slice(layers.length - n_kv_shared) : [];
  const n_kv_shared_full = last.filter((kind) => kind === "full").length;
  return { n_kv_shared_full, d_ff_shared: isOff(said.use_double_wide_mlp) ? 0 : 2 * d_ff };
}

/** How many layers have no experts. */
function dense(said, { dense_from: name }, n, first) {
  if (name === "mlp_layer_types") {
    const types = said[name] ?? null;
    if (types === null) return Math.min(first, n);
    return asLong(name, types, n).filter((type) => type === "dense").length;
  }
  if (Array.isArray(said.moe_layers)) return n - said.moe_layers.length;
  return n - Math.floor(n / everyOf(name, said[name] ?? 1));
}

/** Which layers have an index of their own. */
function indexed(said, n) {
  const types = said.indexer_types ?? null;
  if (types !== null) return asLong("indexer_types", types, n).map((type) => type === "full");
  const pattern = said.index_topk_pattern;
  if (typeof pattern === "string")
    return asLong("index_topk_pattern", [...pattern], n).map((letter) => letter === "F");
  const every = everyOf("index_topk_freq", said.index_topk_freq ?? 1);
  const offset = wholeOf("index_skip_topk_offset", said.index_skip_topk_offset ?? 2);
  return layersOf(n, (layer) => Math.max(layer - offset + 1, 0) % every === 0);
}
