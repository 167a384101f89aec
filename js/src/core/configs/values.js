// What a value of a configuration may be, and how an error repeats it, as in attnlib/configs/values.py.
import { whole } from "../format.js";

const SHOWN = 24; // letters of a value that an error repeats

export const own = (thing, name) => (Object.hasOwn(thing, name) ? thing[name] : undefined);
export const isObject = (thing) =>
  typeof thing === "object" && thing !== null && !Array.isArray(thing);

/** What is false in Python. */
export const isOff = (value) =>
  !value ||
  (Array.isArray(value) && !value.length) ||
  (isObject(value) && !Object.keys(value).length);

export const cut = (text, most) => (text.length <= most ? text : `${text.slice(0, most)}…`);

/** A value in a few letters, the same in Python. */
export function shown(value) {
  if (isObject(value)) {
    const kind = own(value, "rope_type") || own(value, "type") || own(value, "quant_method");
    return typeof kind === "string" ? shown(kind) : "{…}";
  }
  if (Array.isArray(value)) return `[${value.length}]`;
  if (Number.isInteger(value))
    return Math.abs(value) < 1e15 ? whole(value) : value.toExponential(0);
  return cut(JSON.stringify(value), SHOWN);
}

export function wholeOf(name, value) {
  if (!Number.isInteger(value))
    throw new Error(`${name} is ${shown(value ?? null)}; expected a whole number`);
  return value;
}

export function switchOf(name, value) {
  if (typeof value !== "boolean")
    throw new Error(`${name} is ${shown(value)}; expected true or false`);
  return value;
}

/** `listed`, once it is a list with an entry for each layer. */
export function asLong(name, listed, n) {
  if (Array.isArray(listed) && listed.length === n) return listed;
  const came = Array.isArray(listed) ? `has ${listed.length} entries` : `is ${shown(listed)}`;
  throw new Error(`${name} ${came}; expected a list of ${n}, one for each layer`);
}
