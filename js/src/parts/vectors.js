// Where the pieces of a plane of vectors stand: its frame, its ticks, the names at the tips.

import { short } from "../core/format.js";
import { LETTER, LINE, boxAround, boxOf, isFree } from "./names.js";

export const SIZE = 300;
const CENTRE = SIZE / 2;
const LEAST_SIDE = 1.2;
const ROOM = 1.35; // for names beyond the tips
const LEAST_TICK = 24; // pixels from tick to tick
const OFF = 12; // pixels from a tip to its name
const TIP = 5;

/** The corners of the smallest convex shape around `points` (monotone chain). */
export function convexHull(points) {
  const sorted = [...points].sort(([a, b], [c, d]) => a - c || b - d);
  const left = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) > 0;
  const chain = (list) => {
    const corners = [];
    for (const point of list) {
      while (corners.length > 1 && !left(corners.at(-2), corners.at(-1), point)) corners.pop();
      corners.push(point);
    }
    return corners.slice(0, -1);
  };
  return [...chain(sorted), ...chain(sorted.reverse())];
}

/** The square that shows all arrows and the origin: pixels a unit, and the ways to and fro. */
export function frame(arrows) {
  const points = [[0, 0], ...arrows.flatMap(({ from, to }) => [from, to])];
  const ends = [0, 1].map((d) => {
    const all = points.map((point) => point[d]);
    return [Math.min(...all), Math.max(...all)];
  });
  const side = Math.max(LEAST_SIDE, ...ends.map(([low, high]) => high - low)) * ROOM;
  const [unit, middle] = [SIZE / side, ends.map(([low, high]) => (low + high) / 2)];
  return {
    unit,
    at: (point) => [CENTRE + (point[0] - middle[0]) * unit, CENTRE - (point[1] - middle[1]) * unit],
    back: ([x, y]) => [(x - CENTRE) / unit + middle[0], (CENTRE - y) / unit + middle[1]],
  };
}

/** A step of 1, 2 or 5 times a power of ten, and its multiples that the frame shows. */
export function ticks({ unit, back }) {
  const power = 10 ** Math.floor(Math.log10(LEAST_TICK / unit));
  const step = [1, 2, 5, 10].map((n) => n * power).find((size) => size * unit >= LEAST_TICK);
  const between = (low, high) => {
    const [first, last] = [Math.ceil(low / step), Math.floor(high / step)];
    return Array.from({ length: last - first + 1 }, (_, n) => (first + n) * step).filter(Boolean);
  };
  const [[left, low], [right, high]] = [back([0, SIZE]), back([SIZE, 0])];
  return { step, across: between(left, right), up: between(low, high) };
}

/** The names of the two axes, at the right below and above, and one number that tells the scale. */
export function labels([across, up], { at }, step) {
  const [x, y] = at([0, 0]);
  const [tick] = at([step, 0]);
  const end = x > SIZE - (up.length + 3) * LETTER;
  const below = Math.min(y + 15, SIZE - LINE - 6);
  return [
    ...(tick < SIZE ? [{ x: tick, y: below, anchor: "middle", text: short(step) }] : []),
    { x: SIZE - 4, y: SIZE - 6, anchor: "end", text: `${across} →` },
    { x: end ? x - 6 : x + 6, y: 12, anchor: end ? "end" : "start", text: `${up} ↑` },
  ];
}

const inside = ({ left, right, top, bottom }) =>
  left >= 0 && right <= SIZE && top >= 0 && bottom <= SIZE;

/** Around a tip: to the right and down in pixels, and the anchor. */
const AROUND = [
  [0, -OFF, "middle"],
  [0, OFF + 9, "middle"],
  [OFF, 4, "start"],
  [-OFF, 4, "end"],
  [OFF, OFF + 9, "start"],
  [-OFF, -OFF, "end"],
  [OFF, -OFF, "start"],
  [-OFF, OFF + 9, "end"],
];

/** Beyond the tip of an arrow. */
function beyond([x, y], [tipX, tipY]) {
  const long = Math.hypot(tipX - x, tipY - y) || 1;
  const [u, v] = [(tipX - x) / long, (tipY - y) / long];
  return [u * OFF, v * (OFF + 3) + 4, u > 0.4 ? "start" : u < -0.4 ? "end" : "middle"];
}

/** The first place for `text` that is free, or else the first within the plane; null without one. */
function placeName(text, start, tip, full) {
  let first = null;
  for (let n = -1; n < AROUND.length; n++) {
    const [right, down, anchor] = n < 0 ? beyond(start, tip) : AROUND[n];
    const place = { x: tip[0] + right, y: tip[1] + down, anchor, text };
    const box = boxOf(place);
    if (!inside(box)) continue;
    if (isFree(box, full)) return { place, box, free: true };
    first ??= { place, box, free: false };
  }
  return first;
}

/**
 * Names at the tips of `arrows` that have a `word`, the last arrow's first; a `minor` arrow's is
 * left out where there is no room. Nothing stands on `taken`, a list of names already there.
 */
export function placeNames(arrows, at, taken) {
  const named = arrows.filter(({ word }) => word).reverse();
  const tips = named.map(({ to }) => at(to));
  const full = [...taken.map((name) => boxOf(name)), ...tips.map((tip) => boxAround(tip, TIP))];
  const names = [];
  named.forEach(({ from, word, kind, minor }, n) => {
    const found = placeName(word, at(from), tips[n], full);
    if (!found || (minor && !found.free)) return;
    full.push(found.box);
    names.push({ kind, place: found.place });
  });
  return names;
}
