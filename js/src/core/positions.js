// Where a token stands, as numbers: attnlib/positions.py, for the browser.
const BASE = 10000;

/** The angle per position of the pair `i` of `d` coordinates. */
export const frequency = (i, d) => BASE ** ((-2 * i) / d);

/** Sines in even columns, cosines in odd ones (Vaswani et al., 2017, section 3.5). */
export function sinusoidalPositions(n, d) {
  return Array.from({ length: n }, (_, position) =>
    Array.from({ length: d }, (_, a) => {
      const angle = position * frequency(Math.floor(a / 2), d);
      return a % 2 ? Math.cos(angle) : Math.sin(angle);
    }),
  );
}

/** Every pair of neighbouring coordinates turned by its angle (Su et al., 2021). */
export function rotate(vector, position) {
  return vector.map((value, a) => {
    const angle = position * frequency(Math.floor(a / 2), vector.length);
    const other = vector[a % 2 ? a - 1 : a + 1];
    return value * Math.cos(angle) + (a % 2 ? other : -other) * Math.sin(angle);
  });
}
