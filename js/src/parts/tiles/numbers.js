// How the sums of tiles are written.
import { number, short } from "../../core/format.js";

const DIGITS = 3;
const LONG = 1000; // from here on a number has no room for its digits
const LEAST = 0.0005; // what is less has no digit among the three

/** What is small and whole has no digits behind the point: 0 × 0 + 1.368. */
export const shown = (value) =>
  Number.isInteger(value) && Math.abs(value) < LONG ? short(value) : number(value, DIGITS);

/** For a narrow column, and nothing for null: 0.135, 7e86. */
export function brief(value) {
  if (value === null) return "";
  return value < LONG || value === Infinity
    ? shown(value)
    : value.toExponential(0).replace("+", "");
}

/** A difference: 0, 1.1e−16 or 0.531. */
export function difference(value) {
  if (value === 0 || !(value < LEAST)) return shown(value);
  return value.toExponential(1).replace("-", "−");
}
