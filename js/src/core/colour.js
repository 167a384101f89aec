// A computed colour as editors of SVG know it: mixtures are computed in words that are newer than most of them.

const NUMBER = /-?[\d.]+(?:e[-+]?\d+)?/g;
const curve = (light) => (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055);

/** Oklab to sRGB, 0 to 1: Ottosson (2020), "A perceptual color space for image processing". */
function fromOklab([lightness, a, b]) {
  const [l, m, s] = [
    lightness + 0.3963377774 * a + 0.2158037573 * b,
    lightness - 0.1055613458 * a - 0.0638541728 * b,
    lightness - 0.0894841775 * a - 1.291485548 * b,
  ].map((root) => root ** 3);
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map(curve);
}

const SPACES = [
  [/^rgba?\(/, (parts) => parts.map((part) => part / 255)],
  [/^color\(srgb /, (parts) => parts],
  [/^oklab\(/, fromOklab],
];

/** `[colour, opacity]` of a computed colour: "rgb(255, 0, 0)" and 0 to 1; what it does not know stays. */
export function plain(computed) {
  const [, toSRGB] = SPACES.find(([begins]) => begins.test(computed)) ?? [];
  if (!toSRGB) return [computed, 1];
  const [one, two, three, opacity = 1] = computed.match(NUMBER).map(Number);
  const bytes = toSRGB([one, two, three]).map((part) =>
    Math.round(255 * Math.min(1, Math.max(0, part))),
  );
  return [`rgb(${bytes.join(", ")})`, opacity];
}

/** The attributes that paint with a computed colour: `fill` or `stroke`, and its opacity. */
export function painted(name, computed) {
  const [colour, opacity] = plain(computed);
  return { [name]: colour, ...(opacity < 1 && { [`${name}-opacity`]: opacity }) };
}
