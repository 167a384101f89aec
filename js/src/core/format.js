// How numbers are written: a true minus sign, few digits, no surprises for enormous ones.

const LARGE = 10000;

/** Halfway, as 0.125 is, the even digit wins: Python prints 0.12 too, where `toFixed` would say 0.13. */
function fixed(value, digits) {
  const isHalfway = Math.abs(value * 2 ** (digits + 1)) % 2 === 1;
  if (!isHalfway) return value.toFixed(digits);
  const below = Math.floor(value * 10 ** digits);
  return ((below + (below & 1)) / 10 ** digits).toFixed(digits);
}

export function number(value, digits = 2) {
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value < 0 ? "−∞" : "∞";
  const text = Math.abs(value) >= LARGE ? value.toExponential(1) : fixed(value, digits);
  if (text[0] !== "-") return text;
  return Number(text) === 0 ? text.slice(1) : `−${text.slice(1)}`;
}

/** A whole number to its last digit: 12,288. */
export const whole = (value) => value.toLocaleString("en-US");

/** How many there are of something: 1 head, 96 heads. */
export const many = (n, what) => `${whole(n)} ${what}${n === 1 ? "" : "s"}`;

/** The shortest text for an editable value: 2.5, not 2.50. */
export function short(value) {
  return number(value, 2).replace(/\.?0+$/, "");
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A number as people type it: a comma or a true minus are fine. */
export function parse(text) {
  const cleaned = text.trim().replace("−", "-").replace(",", ".");
  return DECIMAL.test(cleaned) ? Number(cleaned) : NaN;
}

/** Keeps a number readable in code and in links without changing what it does. */
export function round(value, digits = 6) {
  return Number(value.toFixed(digits));
}

/** Words as names: one that comes twice gets its place in the phrase. */
export function distinct(words) {
  const once = (word) => words.indexOf(word) === words.lastIndexOf(word);
  return words.map((word, i) => (once(word) ? word : `${word} (${i + 1})`));
}

export function list(words) {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
