// Arithmetic on doubles that is the same in every browser: made of + - * / and square roots alone.

const LOWEST = -690; // e to this is nothing beside 1
const [LOG_2_HIGH, LOG_2_LOW] = [0.6931471803691238, 1.9082149292705877e-10]; // log 2 is their sum
const HALVINGS = Float64Array.from({ length: 1000 }, (_, n) => 2 ** -n);

/** e to the x, for x of at most 0, to 2e-16 of it. (Math.exp differs from browser to browser.) */
export function exp(x) {
  if (x < LOWEST) return 0;
  const n = Math.floor(0.5 - x / Math.LN2);
  const r = x + n * LOG_2_HIGH + n * LOG_2_LOW;
  // prettier-ignore
  const series = 1 + r * (1 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720
    + r * (1 / 5040 + r * (1 / 40320 + r * (1 / 362880 + r * (1 / 3628800 + r * (1 / 39916800
    + r / 479001600)))))))))));
  return HALVINGS[n] * series;
}

/** Turns n scores, from `start` in `data`, into weights; gives the logarithm of the sum of their exponentials. */
export function softmax(data, start, n) {
  let top = -Infinity;
  for (let at = start; at < start + n; at++) if (data[at] > top) top = data[at];
  let total = 0;
  for (let at = start; at < start + n; at++) total += data[at] = exp(data[at] - top);
  for (let at = start; at < start + n; at++) data[at] /= total;
  return top + Math.log(total);
}
