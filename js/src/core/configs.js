// What a model's configuration file says, as in attnlib/configs. The tables that it is read by come
// from there: `{ families, more, needed, telling, harmless, adds, meanings }`.
import { whole } from "./format.js";
import { USUAL, complete } from "./counting.js";

const NAMED = 40; // letters of a name, and
const SHOWN = 24; // letters of a value that an error repeats
const LISTED = 6; // layers that are named one by one
const MOST_LAYERS = 10_000;
const LAYERS = ["full_attention", "sliding_attention"];
const own = (thing, name) => (Object.hasOwn(thing, name) ? thing[name] : undefined);
const isObject = (thing) => typeof thing === "object" && thing !== null && !Array.isArray(thing);

const cut = (text, most) => (text.length <= most ? text : `${text.slice(0, most)}…`);

/** A value in a few letters, the same in Python. */
function shown(value) {
  if (isObject(value)) {
    const kind = own(value, "rope_type") || own(value, "type") || own(value, "quant_method");
    return typeof kind === "string" ? shown(kind) : "{…}";
  }
  if (Array.isArray(value)) return `[${value.length}]`;
  if (Number.isInteger(value))
    return Math.abs(value) < 1e15 ? whole(value) : value.toExponential(0);
  const text = JSON.stringify(value);
  return cut(text, SHOWN);
}

function familyOf(config, { families }) {
  if (!isObject(config)) throw new Error("this is no configuration: it has no { around its lines");
  const kind = own(config, "model_type");
  if (typeof kind === "string" && Object.hasOwn(families, kind))
    return { ...families.llama, ...families[kind] };
  if (isObject(own(config, "text_config")))
    throw new Error(
      "the config describes a model of several parts: give its text_config, the part that reads " +
        "and writes text",
    );
  const said =
    kind === undefined || kind === null
      ? "the config does not say its model_type"
      : `model_type is ${shown(kind)}, which is not read here`;
  throw new Error(`${said}; expected one of: ${Object.keys(families).join(", ")}`);
}

const isOff = (value) =>
  !value ||
  (Array.isArray(value) && !value.length) ||
  (isObject(value) && !Object.keys(value).length);

/** The names of a family's file that mean something here. */
const readOf = (family, { more }) =>
  new Set([
    "model_type",
    ...Object.keys(family.names),
    ...family.more.flatMap((group) => more[group]),
  ]);

function checkUnderstood(config, family, tables) {
  const read = readOf(family, tables);
  const [telling, harmless] = [tables.telling, tables.harmless].map((one) => new RegExp(one, "i"));
  for (const [name, value] of Object.entries(config)) {
    const allowed = own(family.only, name);
    if (allowed && value !== null && !allowed.map(shown).includes(shown(value)))
      throw new Error(
        `${name} is ${shown(value)}; only ${allowed.map(shown).join(" or ")} is counted here`,
      );
    if (read.has(name) || allowed || isOff(value)) continue;
    if (telling.test(name) && !harmless.test(name))
      throw new Error(
        `${cut(name, NAMED)} is ${shown(value)}: it may change attention and is not understood here. ` +
          "Take the line out to count without it",
      );
  }
}

function wholeOf(name, value) {
  if (!Number.isInteger(value))
    throw new Error(`${name} is ${shown(value ?? null)}; expected a whole number`);
  return value;
}

function switchOf(name, value) {
  if (typeof value !== "boolean")
    throw new Error(`${name} is ${shown(value)}; expected true or false`);
  return value;
}

function sizesOf(said, family, needed) {
  const sizes = {};
  for (const [name, field] of Object.entries(family.names)) {
    const value = said[name] ?? null;
    if (value !== null && !(field in sizes))
      sizes[field] = field === "tied" ? switchOf(name, value) : wholeOf(name, value);
  }
  for (const [name, field] of Object.entries(family.names)) {
    const missing = !(name in said) || (said[name] === null && needed.includes(field));
    if (missing && !(field in sizes) && !family.free.includes(name))
      throw new Error(`the config does not say ${name}, which this kind of model needs`);
  }
  if (!sizes.n_experts)
    for (const field of ["n_active", "n_shared", "n_dense", "d_expert"]) delete sizes[field];
  return sizes;
}

function checkLayers(n, names) {
  const name = Object.keys(names).find((one) => names[one] === "n_layers");
  if (n > MOST_LAYERS)
    throw new Error(`${name} is ${shown(n)}; expected at most ${whole(MOST_LAYERS)}`);
}

function layerTypes(types, n, known) {
  if (!Array.isArray(types) || types.length !== n) {
    const came = Array.isArray(types) ? `has ${types.length} entries` : `is ${shown(types)}`;
    throw new Error(`layer_types ${came}; expected a list of ${n}, one for each layer`);
  }
  const unknown = types.find((kind) => !known.includes(kind));
  if (unknown !== undefined)
    throw new Error(`layer_types has ${shown(unknown)}; counted here: ${known.join(", ")}`);
  return types;
}

/** Which layers have a window: true and false. */
function windowed(said, { windows: rule }, n) {
  const inUse = (said.use_sliding_window ?? rule !== "above") !== false;
  const types = said.layer_types ?? null;
  if (types !== null) layerTypes(types, n, rule ? LAYERS : LAYERS.slice(0, 1));
  const layers = Array.from({ length: n }, (_, layer) => layer);
  if (!rule || !inUse || isOff(said.sliding_window)) return layers.map(() => false);
  if (types !== null) return types.map((kind) => kind === LAYERS[1]);
  if (rule === "all") return layers.map(() => true);
  if (rule === "above") {
    const first = wholeOf("max_window_layers", said.max_window_layers ?? n);
    return layers.map((layer) => layer >= first);
  }
  const pattern = said.sliding_window_pattern ?? said._sliding_window_pattern ?? rule;
  const every = Math.max(1, wholeOf("sliding_window_pattern", pattern));
  return layers.map((layer) => (layer + 1) % every !== 0);
}

/** An error of `complete`, with the names that the file has for its sizes. */
function inWordsOfTheFile(message, names) {
  const known = Object.values(names).includes("d_head");
  const start = known ? message : message.replace(", or give d_head", "");
  return Object.entries({ ...names, sliding_window: "window" }).reduce(
    (text, [name, field]) => text.replace(new RegExp(`\\b${field}\\b`, "g"), name),
    start,
  );
}

function addsOf(fixed, adds) {
  const told = Object.entries(adds).map(([field, kinds]) => own(kinds, String(fixed[field])));
  return told.filter(Boolean).join(" and ") || "nothing of attention";
}

function patternOf(full, n) {
  if (full.length === n) return "every layer reads the whole text";
  if (!full.length) return "every layer has the window";
  const more = full.length > LISTED ? " and so on" : "";
  const [are, reads] = full.length === 1 ? ["layer", "reads"] : ["layers", "read"];
  const named = `${full.slice(0, LISTED).join(", ")}${more}`;
  return `${are} ${named} ${reads} the whole text, the others have the window`;
}

/** What the meanings are filled with, and their cases. */
function factsOf(s, layers, family, tables) {
  const full = layers.flatMap((has, n) => (has ? [] : [n + 1]));
  const some = `${whole(layers.length - full.length)} of ${whole(layers.length)} layers`;
  const plain = ["n_heads", "d_head", "d_model", "d_ff", "window"];
  return {
    ...Object.fromEntries(plain.map((name) => [name, whole(s[name])])),
    adds: addsOf(family.fixed, tables.adds),
    group: whole(s.n_heads / s.n_kv_heads),
    width: whole(s.n_heads * s.d_head),
    windowed: full.length ? some : `all ${whole(layers.length)} layers`,
    pattern: patternOf(full, layers.length),
    network: s.n_experts && !s.d_expert ? "an expert" : "the feed-forward network",
    qkv: s.biases === "qkv",
    latent: s.d_latent > 0,
    own: s.n_kv_heads === s.n_heads,
    one: s.n_kv_heads === 1,
    none_dense: s.n_experts > 0 && s.d_expert > 0 && !s.n_dense,
    windows: s.window > 0,
    above: s.window > 0 && family.windows === "above",
  };
}

function lineOf(name, value, facts, { meanings }) {
  const cases = { ...facts, yes: !isOff(value), else: true };
  const meaning = meanings[name];
  const text =
    typeof meaning === "string"
      ? meaning
      : Object.entries(meaning).find(([which]) => cases[which])[1];
  return [name, shown(value), text.replace(/\{(\w+)\}/g, (_, fact) => facts[fact])];
}

/**
 * `{ shape, lines, config }`: the shape that a configuration describes, with nulls where something
 * follows; `[name, value, meaning]` of every line that is read; and
 * those lines alone. An `Error` says what is wrong.
 */
export function readConfig(config, tables) {
  const family = familyOf(config, tables);
  checkUnderstood(config, family, tables);
  const said = { ...family.usual, ...config };
  const fields = { ...family.fixed, ...sizesOf(said, family, tables.needed) };
  checkLayers(fields.n_layers, family.names);
  const biased = said.attention_bias ?? null;
  if (biased !== null && switchOf("attention_bias", biased) && !fields.biases)
    fields.biases = "attention";
  if ("d_latent" in fields)
    fields.d_head = wholeOf("qk_nope_head_dim", said.qk_nope_head_dim) + (fields.d_rotary ?? 0);
  const layers = windowed(said, family, fields.n_layers);
  if (layers.includes(true)) {
    fields.window = wholeOf("sliding_window", said.sliding_window);
    fields.n_full = layers.filter((has) => !has).length;
  }
  const asked = { ...USUAL, ...fields };
  let shape;
  try {
    shape = complete(asked);
  } catch (error) {
    throw new Error(inWordsOfTheFile(error.message, family.names));
  }
  const facts = factsOf(shape, layers, family, tables);
  const read = readOf(family, tables);
  const kept = Object.entries(config).filter(([name]) => read.has(name));
  return {
    shape: followed(asked, shape),
    lines: kept.map(([name, value]) => lineOf(name, value, facts, tables)),
    config: Object.fromEntries(kept),
  };
}

/** What is as it would follow is not written down. */
function followed(asked, s) {
  const follows = { n_kv_heads: s.n_heads, d_head: s.d_model / s.n_heads, d_ff: 4 * s.d_model };
  const given = Object.entries(follows).map(([name, usual]) => [
    name,
    s[name] === usual ? null : s[name],
  ]);
  return { ...asked, ...Object.fromEntries(given) };
}
