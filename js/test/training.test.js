import assert from "node:assert/strict";
import { test } from "node:test";
import { exp, softmax } from "../src/core/training/arithmetic.js";
import { Draws } from "../src/core/training/draws.js";
import * as matrix from "../src/core/training/matrix.js";
import { ids } from "../src/core/training/parrot.js";
import { completeRecipe } from "../src/core/training/recipe.js";
import { createRun } from "../src/core/training/run.js";
import { AttentionOnly } from "../src/core/training/attention_only.js";

const { ABOVE_IN_LEFT, ABOVE_IN_RESULT, BELOW_IN_LEFT, Matrix, NOTHING, multiply } = matrix;

test("exp is that of mathematics, to a few units in the last place", () => {
  for (let x = 0; x > -690; x -= 0.37)
    assert.ok(Math.abs(exp(x) / Math.exp(x) - 1) < 1e-15, `exp(${x}) is ${exp(x)}`);
  assert.equal(exp(0), 1);
  assert.equal(exp(-Infinity), 0);
  assert.ok(Number.isNaN(exp(NaN)));
});

test("softmax gives weights, and the logarithm of the sum, of scores of any size", () => {
  const scores = Float64Array.of(7, 1e5 + Math.log(3), 1e5, -Infinity, 7);
  const logarithm = softmax(scores, 1, 3);
  assert.ok(Math.abs(logarithm - (1e5 + Math.log(4))) < 1e-9);
  assert.ok(Math.abs(scores[1] - 0.75) < 1e-9);
  assert.deepEqual([scores[0], scores[3], scores[4]], [7, 0, 7]);
});

const draws = new Draws(3);
const random = (rows, columns) => {
  const made = Matrix.zeros(rows, columns);
  made.data.forEach((_, at) => (made.data[at] = draws.next() - 0.5));
  return made;
};
const naive = (left, right) =>
  left.map((row) => right[0].map((_, j) => row.reduce((sum, x, k) => sum + x * right[k][j], 0)));
const assertNear = (found, wanted, isAsked = () => true) =>
  found.forEach((row, i) =>
    row.forEach((value, j) => {
      if (isAsked(i, j)) assert.ok(Math.abs(value - wanted[i][j]) < 1e-12, `at ${i}, ${j}`);
    }),
  );

test("multiply is the product for every shape, turned or not, added or not", () => {
  for (let n = 1; n <= 9; n++)
    for (const [rows, middle, columns] of [
      [n, 5, 3],
      [4, n, 6],
      [7, 2, n],
    ]) {
      // prettier-ignore
      const [left, right] = [random(rows, middle), random(columns, middle).transposed];
      const result = random(rows, columns);
      const before = result.toRows();
      const wanted = naive(left.toRows(), right.toRows());
      multiply(result, left, right, { add: true });
      assertNear(
        result.toRows(),
        wanted.map((row, i) => row.map((value, j) => value + before[i][j])),
      );
      multiply(result.transposed, right.transposed, left.transposed);
      assertNear(result.toRows(), wanted);
    }
});

test("multiply may leave out what is 0 in a causal pattern", () => {
  for (let n = 1; n <= 11; n++) {
    const [pattern, values] = [random(n, n), random(n, 3)];
    const pairs = pattern.toRows().flatMap((row, i) => row.map((_, j) => [i, j]));
    for (const [i, j] of pairs) if (j > i) pattern.data[pattern.at(i, j)] = 0;
    const found = random(n, 3);
    for (const [left, leftOut] of [
      [pattern, ABOVE_IN_LEFT],
      [pattern.transposed, BELOW_IN_LEFT],
      [pattern, NOTHING],
    ]) {
      multiply(found, left, values, { leftOut });
      assertNear(found.toRows(), naive(left.toRows(), values.toRows()));
    }
    const scores = random(n, n);
    multiply(scores, values, values.transposed, { leftOut: ABOVE_IN_RESULT });
    const wanted = naive(values.toRows(), values.transposed.toRows());
    assertNear(scores.toRows(), wanted, (i, j) => j <= i);
  }
});

const SMALL = { nTexts: 2, nWords: 21 };

test("a run goes back and on, and gives the same losses to the last bit", () => {
  const run = createRun(SMALL);
  for (let n = 0; n < 5; n++) run.step();
  const kept = run.keep();
  const losses = Array.from({ length: 8 }, () => run.step());
  const weights = run.weights();
  run.restore(kept);
  assert.equal(run.stepNumber, 5);
  const again = Array.from({ length: 8 }, () => run.step());
  assert.deepEqual(again, losses);
  assert.deepEqual(run.weights(), weights);
});

test("a loss that is not finite is an error that says where, and leaves nothing behind", () => {
  const run = createRun({ ...SMALL, rate: 1e160 });
  const kept = run.keep();
  const first = run.step();
  const stopped = () => {
    for (let n = 0; n < 30; n++) run.step();
  };
  assert.throws(stopped, /The loss of step \d+ is NaN, at a rate of 1e\+160: start again with/);
  run.restore(kept);
  assert.equal(run.step(), first);
});

test("a recipe is complete, or says what is wrong with it", () => {
  assert.equal(completeRecipe({ seed: 7 }).nSteps, 500);
  for (const [given, message] of [
    [{ seed: -1 }, "seed is -1, but a whole number from 0 to 4294966295 is expected"],
    [{ seed: 2 ** 32 - 1000 }, "seed is 4294966296, but a whole number from 0 to 4294966295"],
    [{ seed: "1" }, "seed is 1, but a whole number"],
    [{ rate: NaN }, "rate is NaN, but a number of at least 0 is expected"],
    [{ rate: Infinity }, "rate is Infinity, but a number of at least 0"],
    [{ nWords: 20 }, "nWords is 20, but a whole number of at least 21"],
    [{ nLayers: 1.5 }, "nLayers is 1.5, but a whole number of at least 1"],
    [{ mask: 1 }, "mask is 1, but true or false is expected"],
    [{ nHeads: 5 }, "dModel is 24, but 5 heads need a multiple of 5"],
    [{ speed: 2 }, "a recipe has no speed: it has nLayers, "],
  ])
    assert.throws(() => completeRecipe(given), {
      name: "RangeError",
      message: new RegExp(message),
    });
});

test("words, heads, seeds and weights that do not exist are told", () => {
  assert.throws(() => ids(["zebra"]), /"zebra" is no word of this world/);
  assert.throws(() => new Draws(2 ** 32), /seed is 4294967296, but a whole number from 0 to/);
  const { recipe, model } = createRun(SMALL);
  const few = new Float64Array(3);
  assert.throws(() => new AttentionOnly(recipe, few), /3 weights came, but 6776 are expected/);
  const hush = (head) => () => model.forward(new Int32Array(42), [head]);
  assert.throws(hush([2, 0]), /there is no head 2\.0: layers are 0 to 1, heads 0 to 3/);
  assert.throws(hush([0, 4]), /there is no head 0\.4/);
});
