import assert from "node:assert/strict";
import { test } from "node:test";
import { painted, plain } from "../src/core/colour.js";
import { number, parse, short, list } from "../src/core/format.js";
import { fromLink, toLink } from "../src/core/link.js";
import * as mathematics from "../src/core/mathematics.js";
import { Squares, mosaicOf, shapeOf } from "../src/core/patterns.js";
import { unhurried } from "../src/core/rest.js";
import { Draws } from "../src/core/training/draws.js";

const close = (a, b) => assert.ok(Math.abs(a - b) < 1e-12, `${a} is not ${b}`);

test("matmul multiplies rows by columns", () => {
  const product = mathematics.matmul(
    [
      [1, 2, 3],
      [-1, 0, 0.5],
    ],
    [
      [1, 0],
      [0, 2],
      [4, -1],
    ],
  );
  assert.deepEqual(product, [
    [13, 1],
    [1, -0.5],
  ]);
});

test("softmax sums to one, does not overflow, and ignores what is masked", () => {
  const weights = mathematics.softmax([1e4, 1e4 - Math.log(3), -Infinity]);
  close(weights[0], 0.75);
  close(weights[1], 0.25);
  assert.equal(weights[2], 0);
});

test("an empty row has no weights", () => {
  assert.deepEqual(mathematics.softmax([-Infinity, -Infinity]), [0, 0]);
});

test("later keys are masked", () => {
  assert.deepEqual(
    mathematics.maskLater([
      [1, 2],
      [3, 4],
    ]),
    [
      [1, -Infinity],
      [3, 4],
    ],
  );
});

test("moveProjection lands on its target and leaves unused rows alone", () => {
  const [x, w] = [[1, 0, 0.5], [[1, 2], [3, 4], [5, 6]]]; // prettier-ignore
  const moved = mathematics.moveProjection(w, x, [0.25, -1]);
  const [a, b] = mathematics.matmul([x], moved)[0];
  close(a, 0.25);
  close(b, -1);
  assert.deepEqual(moved[1], [3, 4]);
  assert.equal(mathematics.moveProjection(w, [0, 0, 0], [1, 1]), w);
});

test("seeded normals repeat, differ by seed, and are normal", () => {
  const draw = (seed, n) => Array.from({ length: n }, mathematics.seededNormals(seed));
  assert.deepEqual(draw(7, 5), draw(7, 5));
  assert.notDeepEqual(draw(7, 5), draw(8, 5));
  const many = draw(1, 20000);
  const mean = many.reduce((a, b) => a + b) / many.length;
  const variance = many.reduce((sum, v) => sum + (v - mean) ** 2, 0) / many.length;
  assert.ok(Math.abs(mean) < 0.03 && Math.abs(variance - 1) < 0.04);
});

test("numbers are written with a true minus and without minus zero", () => {
  const written = [-1.005, -0.001, 0, 12345.6, -Infinity, NaN].map((value) => number(value));
  assert.deepEqual(written, ["−1.00", "0.00", "0.00", "1.2e+4", "−∞", "not a number"]);
  assert.deepEqual([2.5, 2, 0, -10, 100].map(short), ["2.5", "2", "0", "−10", "100"]);
});

test("a number halfway between two is written as Python writes it, even", () => {
  const halfway = [0.125, 0.375, -0.625, 1.005].map((value) => number(value));
  assert.deepEqual(halfway, ["0.12", "0.38", "−0.62", "1.00"]);
  assert.deepEqual(
    [0.5, 1.5, -2.5].map((value) => number(value, 0)),
    ["0", "2", "−2"],
  );
});

test("numbers are read as people type them, and nothing else", () => {
  const good = { 2.5: 2.5, "2,5": 2.5, "−3": -3, " .5 ": 0.5, "1e2": 100, "+4": 4 };
  for (const [text, value] of Object.entries(good)) assert.equal(parse(text), value, text);
  for (const text of ["", " ", "abc", "0x10", "1 2", "Infinity", "NaN", "1.2.3", "--1"])
    assert.ok(Number.isNaN(parse(text)), text);
});

test("lists of words", () => {
  assert.deepEqual([["a"], ["a", "b"], ["a", "b", "c"]].map(list), ["a", "a and b", "a, b and c"]);
});

test("a link gives back the state it was made of", () => {
  const state = { sentence: "Ünïcode 🦊 − ok", w_q: [[0.1, -1e-7]], selected: null };
  const address = toLink("https://example.org/page.html#old", "a key & more", state);
  assert.ok(address.startsWith("https://example.org/page.html#figure="));
  const hash = address.slice(address.indexOf("#"));
  assert.deepEqual(fromLink(hash, "a key & more"), state);
  assert.equal(fromLink(hash, "another"), null);
});

test("links that cannot be read say why", () => {
  for (const text of ["%%%", "e29vcHM", "bnVsbA", "W10", "Nw"])
    assert.throws(
      () => fromLink(`#figure=k&state=${text}`, "k"),
      /changed on the way|does not hold/,
    );
  assert.throws(() => fromLink(`#figure=k&state=${"A".repeat(1e6)}`, "k"), /longer than/);
});

test("a row that did not change gives what it gave, unless something else did", () => {
  const calls = [];
  const times = mathematics.eachRow((row, i, factor) => (calls.push(i), row[0] * factor));
  const [a, b] = [[1], [2]];
  assert.deepEqual(times([a, b], 10), [10, 20]);
  assert.deepEqual(times([a, [3]], 10), [10, 30]);
  assert.deepEqual(calls, [0, 1, 1]);
  assert.deepEqual(times([a, b], 100), [100, 200]);
  assert.deepEqual(calls, [0, 1, 1, 0, 1]);
  assert.deepEqual(times([b], 100), [200]);
});

test("rows with the same numbers are the same arrays, and a matrix without change is itself", () => {
  const settled = mathematics.sameRows();
  const first = settled([[1, 2], [3]]);
  assert.equal(settled([[1, 2], [3]]), first);
  const second = settled([[1, 2], [4]]);
  assert.notEqual(second, first);
  assert.equal(second[0], first[0]);
  assert.deepEqual(second, [[1, 2], [4]]);
  assert.deepEqual(settled([[1, 2]]), [[1, 2]]);
  assert.deepEqual(settled([[NaN]]), [[NaN]]);
});

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const block = (ms) => {
  for (const began = performance.now(); performance.now() - began < ms;);
};

test("of what is done unhurriedly, what is late never comes after what is new", async () => {
  const done = [];
  const steps = unhurried(20);
  steps.run(() => done.push("first"));
  steps.run(() => done.push("late"));
  block(30); // its timer is due, and could not fire
  steps.run(() => done.push("new"));
  await pause(60);
  assert.deepEqual(done, ["first", "new"]);
});

test("of what comes in a row the last is done, when it rests", async () => {
  const done = [];
  const steps = unhurried(20);
  for (const n of [1, 2, 3]) steps.run(() => done.push(n));
  assert.deepEqual(done, [1]);
  await pause(60);
  assert.deepEqual(done, [1, 3]);
});

test("colours become what every editor of SVG knows", () => {
  assert.deepEqual(plain("rgba(10, 20, 30, 0.5)"), ["rgb(10, 20, 30)", 0.5]);
  assert.deepEqual(plain("color(srgb 1 0.5 0 / 0.25)"), ["rgb(255, 128, 0)", 0.25]);
  // The corners of sRGB in Oklab, from CSS Color 4.
  assert.deepEqual(plain("oklab(0.627955 0.224863 0.125846)"), ["rgb(255, 0, 0)", 1]);
  assert.deepEqual(plain("oklab(0.519752 -0.140302 0.107676)"), ["rgb(0, 128, 0)", 1]);
  assert.deepEqual(plain("oklab(1 0 -2e-8 / 0.6)"), ["rgb(255, 255, 255)", 0.6]);
  assert.deepEqual(plain("none"), ["none", 1]);
  assert.deepEqual(painted("fill", "rgb(1, 2, 3)"), { fill: "rgb(1, 2, 3)" });
  assert.deepEqual(painted("stroke", "rgba(0, 0, 0, 0)"), {
    stroke: "rgb(0, 0, 0)",
    "stroke-opacity": 0,
  });
});

test("a pixel of a small pattern has the largest of its weights, however many it stands for", () => {
  const draws = new Draws(3);
  for (const [queries, keys, causal, flipped, only] of [
    [30, 30, true, false, null],
    [5, 7, false, true, null],
    [30, 7, false, false, 12],
    [1, 2, false, true, 0],
  ]) {
    const shape = shapeOf({ heads: 3, queries, keys, causal });
    const bytes = Uint8Array.from({ length: 3 * shape.size }, () => 256 * draws.next() ** 4);
    const [tile, gap, size] = [13, 2, 11];
    const place = { order: [2, 0, 1], columns: 2, tile, line: 15, gap, scale: 1, flipped, only };
    const squares = new Squares(shape);
    mosaicOf({ squares, bytes, ...place, tile: 9 }); // what is kept of this is of no use
    mosaicOf({ squares, bytes: bytes.map((byte) => 255 - byte), ...place });
    const { alpha, width, height } = mosaicOf({ squares, bytes, ...place });
    const wanted = new Uint8Array(width * height);
    const has = (i, n, at) => {
      const from = Math.floor((i * size) / n);
      return at >= from && at < Math.max(from + 1, Math.floor(((i + 1) * size) / n));
    };
    [2, 0, 1].forEach((head, n) => {
      for (let y = 0; y < size; y++)
        for (let x = 0; x < size; x++) {
          const [across, down] = flipped ? [y, x] : [x, y];
          let most = 0;
          for (let i = 0; i < queries; i++)
            for (let j = 0; j < shape.seen(i); j++)
              if ((only === null ? has(i, queries, down) : i === only) && has(j, keys, across))
                most = Math.max(most, bytes[head * shape.size + shape.start(i) + j]);
          const spot = (Math.floor(n / 2) * 15 + y) * width + (n % 2) * tile + x;
          wanted[spot] = Math.round(Math.sqrt(most * 255));
        }
    });
    assert.deepEqual(alpha, wanted);
  }
});
