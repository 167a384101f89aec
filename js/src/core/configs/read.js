// What a model's configuration file says, as in attnlib/configs. The tables that it is read by come
// from there: `TABLES` of attnlib/figures/ledger.py.
import { whole } from "../format.js";
import { USUAL } from "../counting/shape.js";
import { complete } from "../counting/tally.js";
import { kindsOfLayers, placed } from "./layers.js";
import { cut, isObject, isOff, own, shown, switchOf, wholeOf } from "./values.js";

const NAMED = 40; // letters of a name that an error repeats
const LISTED = 6; // layers that are named one by one
const MOST_LAYERS = 10_000;
const OF_EXPERTS = [
  ...["n_experts", "n_active", "n_shared", "n_dense", "d_expert", "d_shared"],
  ...["router_bias", "router_scales", "shared_gate"],
];
const TIED = "tie_word_embeddings"; // said outside the part of the model that reads and writes text
const pick = (thing, names) =>
  Object.fromEntries(Object.entries(thing).filter(([name]) => names.includes(name)));

const isKnown = (kind, families) => typeof kind === "string" && Object.hasOwn(families, kind);

/** The `text_config` of a model of several parts; null for others. */
export function textConfig(config, { families }) {
  const inner = isObject(config) ? own(config, "text_config") : null;
  return isObject(inner) && !isKnown(own(config, "model_type"), families) ? inner : null;
}

function familyOf(config, { families }) {
  if (!isObject(config)) throw new Error("this is no configuration: it has no { around its lines");
  const kind = own(config, "model_type");
  if (isKnown(kind, families)) return { ...families.llama, ...families[kind] };
  const said =
    kind === undefined || kind === null
      ? "the config does not say its model_type"
      : `model_type is ${shown(kind)}, which is not read here`;
  throw new Error(`${said}; expected one of: ${Object.keys(families).join(", ")}`);
}

/** The lines of a configuration, and by names with a dot those of its mappings. */
function flat(config) {
  const inside = Object.entries(config)
    .filter(([, value]) => isObject(value))
    .flatMap(([name, value]) => Object.entries(value).map(([one, v]) => [`${name}.${one}`, v]));
  return { ...config, ...Object.fromEntries(inside) };
}

/** The names of a family's file that mean something here. */
const readOf = (family, { more }) => [
  "model_type",
  ...Object.keys(family.names),
  ...family.more.flatMap((group) => more[group]),
];

function checkUnderstood(config, said, family, tables) {
  const read = readOf(family, tables);
  const [telling, harmless] = [tables.telling, tables.harmless].map((one) => new RegExp(one, "i"));
  for (const [name, allowed] of Object.entries(family.only)) {
    const [value, wanted] = [said[name] ?? null, allowed.map(shown)];
    const isSaid = Object.hasOwn(flat(config), name) ? "is" : "is not said, and then";
    if (value !== null && !wanted.includes(shown(value)))
      throw new Error(
        `${name} ${isSaid} ${shown(value)}; only ${wanted.join(" or ")} is counted here`,
      );
  }
  for (const [name, value] of Object.entries(config)) {
    if (read.includes(name) || own(family.only, name) || isOff(value)) continue;
    if (telling.test(name) && !harmless.test(name))
      throw new Error(
        `${cut(name, NAMED)} is ${shown(value)}: it may change attention and is not understood here. ` +
          "Take the line out to count without it",
      );
  }
}

function sizesOf(said, { names, free }, { needed }) {
  const sizes = {};
  for (const [name, field] of Object.entries(names)) {
    const value = said[name] ?? null;
    const take = ["tied", "tied_kv"].includes(field) ? switchOf : wholeOf;
    if (value !== null && !(field in sizes)) sizes[field] = take(name, value);
  }
  for (const [name, field] of Object.entries(names)) {
    const missing = !(name in said) || (said[name] === null && needed.includes(field));
    if (missing && !(field in sizes) && !free.includes(name))
      throw new Error(`the config does not say ${name}, which this kind of model needs`);
  }
  if (sizes.tied_kv === false) delete sizes.n_kv_heads_full; // it goes with one matrix for both
  if ("d_latent" in sizes)
    sizes.d_head = wholeOf("qk_nope_head_dim", said.qk_nope_head_dim) + (sizes.d_rotary ?? 0);
  return sizes;
}

/** What switches change, that of biases among them. */
function biasesOf(said, { switches, fixed, biased }) {
  const isOn = (name) => (said[name] ?? null) !== null && switchOf(name, said[name]);
  const fields = {};
  for (const [name, change] of Object.entries(switches))
    if (isOn(name)) Object.assign(fields, change);
  return isOn("attention_bias") && !fixed.biases ? { ...fields, biases: biased } : fields;
}

function checkLayers(n, names) {
  const name = Object.keys(names).find((one) => names[one] === "n_layers");
  if (n > MOST_LAYERS)
    throw new Error(`${name} is ${shown(n)}; expected at most ${whole(MOST_LAYERS)}`);
}

/** An error of `complete`, with the names that the file has for its sizes. */
function inWordsOfTheFile(message, { names, window_from }) {
  const known = Object.values(names).includes("d_head");
  const start = known ? message : message.replace(", or give d_head", "");
  return Object.entries({ ...names, [window_from]: "window" }).reduce(
    (text, [name, field]) => text.replace(new RegExp(`\\b${field}\\b`, "g"), name),
    start,
  );
}

function addsOf({ fixed, adds: more }, adds) {
  const told = Object.entries(adds).map(([field, kinds]) => own(kinds, String(fixed[field])));
  return [...told.filter(Boolean), ...more].join("; ") || "nothing of attention";
}

function patternOf(full, n, [others, all]) {
  if (full.length === n) return "every layer reads the whole text";
  if (!full.length) return all;
  const more = full.length > LISTED ? " and so on" : "";
  const [are, reads] = full.length === 1 ? ["layer", "reads"] : ["layers", "read"];
  return `${are} ${full.slice(0, LISTED).join(", ")}${more} ${reads} the whole text, ${others}`;
}

/** What the meanings are filled with, and their cases. */
function factsOf(s, layers, family, { adds, others }) {
  const [n, inPieces] = [layers.length, family.windows === "rotated"];
  const full = layers.flatMap((kind, layer) => (kind === "full" ? [layer + 1] : []));
  const plain = ["n_heads", "d_head", "d_model", "d_ff", "window", "n_chosen", "n_linear_heads"];
  const of = (some) => `${whole(some)} of ${whole(n)}`;
  return {
    ...Object.fromEntries(plain.map((name) => [name, whole(s[name])])),
    adds: addsOf(family, adds),
    group: whole(s.n_heads / s.n_kv_heads),
    width: whole(s.n_heads * s.d_head),
    windowed: full.length ? `${of(n - full.length)} layers` : `all ${whole(n)} layers`,
    pattern: patternOf(full, n, others[s.n_linear ? "linear" : inPieces ? "piece" : "window"]),
    network: s.n_experts && !s.d_expert ? "an expert" : "the feed-forward network",
    state: whole(s.d_linear_key * s.d_linear_value),
    linear_group: whole(Math.floor(s.n_linear_heads / (s.n_linear_keys || 1))),
    with_experts: `${of(s.n_experts ? n - s.n_dense : 0)} layers have experts`,
    indexed_layers:
      s.n_indexed === n ? "every layer" : `${of(s.n_indexed)} layers, the others use the last one`,
    qkv: family.fixed.biases === "qkv",
    biased_qkv: s.biases === "qkv",
    latent: s.d_latent > 0,
    own: s.n_kv_heads === s.n_heads,
    one: s.n_kv_heads === 1,
    none_dense: s.n_experts > 0 && s.d_expert > 0 && !s.n_dense,
    windows: s.window > 0,
    above: s.window > 0 && family.windows === "above",
    pieces: s.window > 0 && inPieces,
    indexed: s.n_indexed > 0,
    linear_grouped: ![0, s.n_linear_heads].includes(s.n_linear_keys),
    tied_kv: s.tied_kv,
    two_sizes: s.d_head_full > 0,
  };
}

/** The meaning of a line, where there are cases the first that holds. */
function told(meaning, value, facts) {
  const cases = { ...facts, yes: !isOff(value), else: true };
  if (typeof value === "string") cases[value] = true;
  const text =
    typeof meaning === "string"
      ? meaning
      : Object.entries(meaning).find(([which]) => own(cases, which))[1];
  return text.replace(/\{(\w+)\}/g, (_, fact) => facts[fact]);
}

function linesOf(name, value, facts, family, { meanings, inside }) {
  const meaning = own(family.means, name) ?? meanings[name];
  return [[name, shown(value), told(meaning, value, facts)], ...within(name, value, facts, inside)];
}

/** The lines inside a line, those that have a meaning. */
function within(name, value, facts, inside) {
  if (!isObject(value)) return [];
  return Object.entries(value)
    .filter(([inner]) => Object.hasOwn(inside, inner))
    .flatMap(([inner, one]) => [
      [`${name}.${inner}`, shown(one), told(inside[inner], one, facts)],
      ...within(`${name}.${inner}`, one, facts, inside),
    ]);
}

/**
 * `{ shape, lines, config }`: the shape that a configuration describes, with nulls where something
 * follows; `[name, value, meaning]` of every line that is read; and of the file those lines and those
 * that must be so. An `Error` says what is wrong.
 */
export function readConfig(file, tables) {
  const inner = textConfig(file, tables);
  const config = inner ? { ...pick(file, [TIED]), ...inner } : file;
  const family = familyOf(config, tables);
  const said = { ...family.usual, ...flat(config) };
  checkUnderstood(config, said, family, tables);
  const fields = { ...family.fixed, ...sizesOf(said, family, tables), ...biasesOf(said, family) };
  const areOff = family.experts_if && isOff(said[family.experts_if]);
  if (!fields.n_experts || areOff) for (const field of OF_EXPERTS) delete fields[field];
  checkLayers(fields.n_layers, family.names);
  const layers = kindsOfLayers(said, family, fields.n_layers, tables);
  const asked = { ...USUAL, ...fields, ...placed(said, family, layers, fields) };
  let shape;
  try {
    shape = complete(asked);
  } catch (error) {
    throw new Error(inWordsOfTheFile(error.message, family));
  }
  const facts = factsOf(shape, layers, family, tables);
  const read = readOf(family, tables);
  const lines = Object.entries(pick(config, read));
  const kept = [...read, ...Object.keys(family.only)];
  return {
    shape: followed(asked, shape),
    lines: lines.flatMap((line) => linesOf(...line, facts, family, tables)),
    config: inner
      ? { ...pick(file, [TIED, "text_config"]), text_config: pick(inner, kept) }
      : pick(config, kept),
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
