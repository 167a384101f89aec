import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { buildKernel } from "../kernel.mjs";
import { Arena } from "../src/core/smollm2/arena.js";
import { Q4_1, Q8_0, rowBytes, unpackRow } from "../src/core/smollm2/blocks.js";
import { Decoder, LONGEST, roomFor } from "../src/core/smollm2/decoder.js";
import { likeliest } from "../src/core/smollm2/likeliest.js";
import { Patterns } from "../src/core/smollm2/patterns.js";
import { canRun, kernelProduct, plainProduct } from "../src/core/smollm2/product.js";
import { Tokenizer } from "../src/core/smollm2/tokenizer.js";
import { Draws } from "../src/core/training/draws.js";

const draws = new Draws(19);
const below = (n) => Math.floor(n * draws.next());
const near = (found, wanted, tolerance, what) =>
  found.forEach((value, i) =>
    assert.ok(Math.abs(value - wanted[i]) <= tolerance, `${what} ${i}: ${value}, not ${wanted[i]}`),
  );

const source = new URL("../src/core/smollm2/kernel.ts", import.meta.url);
const kernel = await buildKernel(await readFile(source, "utf8"));

/** Fills a matrix with random blocks whose steps and least values are small, some of them subnormal. */
function fill(arena, matrix) {
  const halves = [0x2004, 0x1c11, 0xa123, 0x03ff, 0x8001, 0x2e66]; // of both signs
  const block = { [Q4_1]: 20, [Q8_0]: 34 }[matrix.kind];
  for (let at = matrix.at; at < matrix.at + matrix.rows * rowBytes(matrix); at++)
    arena.bytes[at] = below(256);
  for (let at = matrix.at; at < matrix.at + matrix.rows * rowBytes(matrix); at += block)
    for (const place of matrix.kind === Q4_1 ? [at, at + 2] : [at]) {
      const half = halves[below(halves.length)];
      arena.bytes.set([half & 255, half >> 8], place);
    }
}

test("a block's numbers are its step times its bytes, and its least value besides", () => {
  const bytes = new Uint8Array(64);
  const out = new Float32Array(32);
  bytes.set([0x00, 0x38, 0x00, 0xc0, 0xf1]); // 0.5, -2, and in one byte 1 and 15
  unpackRow(bytes, { kind: Q4_1, columns: 32, at: 0 }, 0, out);
  assert.deepEqual([out[0], out[1], out[16], out[17]], [-1.5, -2, 5.5, -2]);
  bytes.set([0x01, 0x00, 0x80, 0x7f, 0]); // the least subnormal, -128, 127
  unpackRow(bytes, { kind: Q8_0, columns: 32, at: 0 }, 0, out);
  assert.deepEqual([...out.slice(0, 3)], [-128 * 2 ** -24, 127 * 2 ** -24, 0]);
});

test("the kernel and JavaScript alone give the products of the unpacked rows", async () => {
  for (const kind of [Q4_1, Q8_0])
    for (const [rows, columns, nTokens] of [
      [2, 32, 1],
      [6, 96, 4],
      [4, 64, 7],
      [10, 576, 9],
    ]) {
      const arena = new Arena(1e6, true);
      const matrix = { kind, rows, columns, at: arena.take(rows * columns * 2) };
      const [x, y, room] = [nTokens * columns, nTokens * rows, 2 * columns].map((n) =>
        arena.floats(n),
      );
      fill(arena, matrix);
      x.data.forEach((_, i) => (x.data[i] = draws.next() - 0.5));
      const row = new Float32Array(columns);
      const wanted = Array.from(y.data, (_, i) => {
        unpackRow(arena.bytes, matrix, i % rows, row);
        const start = Math.floor(i / rows) * columns;
        return row.reduce((sum, weight, k) => sum + weight * x.data[start + k], 0);
      });
      const size = Math.max(...wanted.map(Math.abs));
      for (const product of [await kernelProduct(kernel, arena, room), plainProduct(arena)]) {
        y.data.fill(NaN);
        product(matrix, x, y, nTokens);
        near(y.data, wanted, 1e-5 * size, `kind ${kind}, ${rows} by ${columns}, at`);
      }
    }
});

test("a browser is asked whether it can run the kernel", () => {
  assert.equal(canRun(kernel), true);
  assert.equal(canRun(kernel.slice(0, 40)), false);
});

// A model of the same kind, small enough for a test.
const SHAPE = {
  ...{ nLayers: 3, dModel: 64, nHeads: 4, nKvHeads: 2, dHead: 16, dFeedForward: 96, nVocab: 60 },
  ...{ base: 100, epsilon: 1e-5 },
};
const F32 = 0;
const SIZES = { q: [64, 64], k: [32, 64], v: [32, 64], output: [64, 64] };
const LAYERS = { gate: [96, 64], up: [96, 64], down: [64, 96] };

/** The arena and the matrices of a model of SHAPE with random weights, from `seed`. */
async function smallModel(isFast) {
  const arena = new Arena(2e5 + roomFor(SHAPE), isFast);
  const matrices = {};
  const add = (name, kind, rows, columns) => {
    const matrix = { kind, rows, columns, at: 0 };
    matrix.at = arena.take(kind === F32 ? 4 * columns : rows * rowBytes(matrix));
    matrices[`${name}.weight`] = matrix;
    if (kind === F32) new Float32Array(arena.buffer, matrix.at, columns).fill(0.1);
    else fill(arena, matrix);
  };
  add("token_embd", Q8_0, 60, 64);
  for (let layer = 0; layer < 3; layer++) {
    for (const part of ["attn", "ffn"]) add(`blk.${layer}.${part}_norm`, F32, 1, 64);
    for (const [part, size] of Object.entries(SIZES))
      add(`blk.${layer}.attn_${part}`, Q4_1, ...size);
    for (const [part, size] of Object.entries(LAYERS))
      add(`blk.${layer}.ffn_${part}`, Q4_1, ...size);
  }
  add("output_norm", F32, 1, 64);
  const model = new Decoder(arena, { shape: SHAPE, matrices });
  model.product = isFast ? await kernelProduct(kernel, arena, model.room) : plainProduct(arena);
  return model;
}

const model = await smallModel(true);
const shown = new Patterns(model);
const IDS = [3, 14, 15, 9, 2, 6, 5, 35];

/** Logits and weights after a run that finds nothing to use again. */
function anew(ids, interventions) {
  model.past = null;
  return found(ids, interventions);
}
function found(ids, interventions) {
  model.run(ids, interventions);
  return { logits: model.logits.data.slice(), ...shown.of(ids.length) };
}
const SIZE = (IDS.length * (IDS.length + 1)) / 2;
const placeOf = (layer, head, query, key) =>
  (layer * 4 + head) * SIZE + (query * (query + 1)) / 2 + key;
const weight = ({ weights }, ...at) => weights[placeOf(...at)];

test("without the kernel the model is the same", async () => {
  const slow = await smallModel(false);
  slow.arena.bytes.set(model.arena.bytes.subarray(0, slow.logits.at));
  slow.run(IDS);
  near(slow.logits.data, anew(IDS).logits, 1e-3, "logit");
});

test("what an earlier run has left is used again, and changes nothing", () => {
  const runs = [
    [IDS.slice(0, 5), {}],
    [IDS, {}],
    [IDS.slice(0, 6), {}],
    [IDS.slice(0, 6), { cut: [[1, 3, 2]] }],
    [IDS, { cut: [[1, 7, 3]] }],
    [IDS, { cut: [[1, 7, 3]], silent: [[2, 1]] }],
    [IDS, { cut: [[0, 4, 1]] }],
    [IDS, { last: 3 }],
    [[...IDS.slice(0, 4), 40, 41], { last: 3 }],
    [IDS, {}],
  ];
  const again = runs.map((run) => found(...run));
  runs.forEach((run, i) => {
    const { logits, weights } = anew(...run);
    near(again[i].logits, logits, 1e-3, `run ${i}, logit`);
    near(again[i].weights, weights, 1, `run ${i}, weight`);
  });
  anew(IDS);
  assert.equal(model.firstNew([...IDS, 1], model.past.taken), IDS.length);
});

test("a cut edge has no weight, in its layer alone, and its row sums to 1 again", () => {
  const whole = anew(IDS);
  const cut = anew(IDS, { cut: [[1, 5, 2]] });
  for (let head = 0; head < 4; head++) {
    assert.ok(weight(whole, 1, head, 5, 2) > 0);
    assert.equal(weight(cut, 1, head, 5, 2), 0);
    const row = IDS.slice(0, 6).map((_, key) => weight(cut, 1, head, 5, key));
    assert.ok(Math.abs(row.reduce((sum, one) => sum + one) - 255) <= 4, String(row));
    assert.equal(weight(cut, 0, head, 5, 2), weight(whole, 0, head, 5, 2));
  }
  assert.notDeepEqual(cut.logits, whole.logits);
});

test("a token with every edge cut attends to nothing, and nothing is NaN", () => {
  const cut = IDS.map((_, key) => [1, 7, key]);
  const found = anew(IDS, { cut });
  assert.deepEqual(
    IDS.map((_, key) => weight(found, 1, 2, 7, key)),
    Array(8).fill(0),
  );
  assert.ok(found.logits.every(Number.isFinite));
});

test("each token sees the last few alone", () => {
  const found = anew(IDS, { last: 3 });
  for (let query = 0; query < 8; query++)
    for (let key = 0; key <= query - 3; key++) assert.equal(weight(found, 2, 1, query, key), 0);
  const logits = anew(IDS, { last: 8 }).logits;
  near(logits, anew(IDS).logits, 1e-4, "logit");
});

test("a silent head adds nothing, and its row of weights stays", () => {
  const whole = anew(IDS);
  const silent = anew(IDS, { silent: [[0, 1]] });
  const row = (found) => IDS.map((_, key) => weight(found, 0, 1, 7, key));
  assert.deepEqual(row(silent), row(whole));
  assert.notDeepEqual(silent.logits, whole.logits);
  const all = [0, 1, 2].flatMap((layer) => [0, 1, 2, 3].map((head) => [layer, head]));
  // Without heads, the last token alone decides.
  near(anew(IDS, { silent: all }).logits, anew([1, 35], { silent: all }).logits, 1e-4, "logit");
});

test("lengths are those of the weighted values that W_O has brought back", async () => {
  const { weights, added, longest } = anew(IDS, { silent: [[2, 3]] });
  const row = new Float32Array(64);
  for (const [layer, head, key] of [
    [0, 0, 0],
    [1, 2, 5],
    [2, 1, 3],
  ]) {
    const shared = Math.floor(head / 2);
    const from = (key * 2 + shared) * 16;
    const value = model.attention.values[layer].subarray(from, from + 16);
    const back = Array.from({ length: 64 }, (_, r) => {
      unpackRow(model.arena.bytes, model.matrices[`blk.${layer}.attn_output.weight`], r, row);
      return value.reduce((sum, one, i) => sum + one * row[head * 16 + i], 0);
    });
    const at = placeOf(layer, head, 7, key);
    const wanted = (Math.hypot(...back) * weights[at]) / 255;
    const most = longest[layer * 4 + head];
    const step = (Math.hypot(...back) + most) / 510; // of its weight, and its own
    assert.ok(Math.abs((added[at] * most) / 255 - wanted) <= step + 1e-6 * wanted, `${at}`);
    assert.ok(added[at] > 0);
  }
  assert.equal(longest[2 * 4 + 3], 0);
});

test("what is no token, layer, head or number is refused, and the next run is right", () => {
  const { logits } = anew(IDS);
  for (const [ids, interventions, message] of [
    [[], {}, /has 0 tokens, but 1 to 128 fit/],
    [Array(LONGEST + 1).fill(1), {}, /has 129 tokens/],
    [[60], {}, /60 is no token: they are 0 to 59/],
    [[1.5], {}, /1.5 is no token/],
    [IDS, { last: 0 }, /last is 0, but null or a whole number from 1/],
    [IDS, { cut: [[3, 0, 0]] }, /layer of a cut is 3, but 0 to 2 are there/],
    [IDS, { cut: [[0, 8, 0]] }, /query of a cut is 8, but 0 to 7/],
    [IDS, { cut: [[0, 1, -1]] }, /key of a cut is -1/],
    [IDS, { silent: [[0, 4]] }, /silent head is 4, but 0 to 3/],
  ])
    assert.throws(() => model.run(ids, interventions), message);
  near(found(IDS).logits, logits, 1e-4, "logit");
});

test("the longest text fits", () => {
  const ids = Array.from({ length: LONGEST }, () => below(60));
  assert.ok(anew(ids).logits.every(Number.isFinite));
});

test("the likeliest tokens come in order, the first of equals first, with their share of all", () => {
  const top = likeliest(Float32Array.of(1000, 1002, -Infinity, 1002, 1001), 3);
  assert.deepEqual(
    top.map(({ id }) => id),
    [1, 3, 4],
  );
  const total = 2 + Math.exp(-1) + Math.exp(-2);
  near(
    top.map(({ p }) => p),
    [1 / total, 1 / total, Math.exp(-1) / total],
    1e-12,
    "p",
  );
});

// Bytes of "a", "b", " ", "1", "'", "s" and of U+FFFD; "z" has none.
const BYTES = [97, 98, 32, 49, 39, 115, 0xef, 0xbf, 0xbd];
const tokenizer = new Tokenizer(
  { control: ["<|end|>", "<a.b>"], bytes: BYTES },
  // a b > 11, " " ab > 12, ab ab > 13, EF BF > 14, EF BF BD > 15
  Uint16Array.of(2, 3, 4, 11, 11, 11, 8, 9, 14, 10),
);

test("bytes are merged in the order in which the merges were learned", () => {
  assert.deepEqual(tokenizer.encode("abab ab"), [13, 12]);
  assert.deepEqual(tokenizer.encode("aab"), [2, 11]);
  assert.equal(tokenizer.piece(12), " ab");
});

test("numerals stand alone, and the 's of a word; spaces go with what follows", () => {
  assert.deepEqual(tokenizer.encode("11 1"), [5, 5, 4, 5]);
  assert.deepEqual(tokenizer.encode("ab's"), [11, 6, 7]);
  assert.deepEqual(tokenizer.encode("  ab"), [4, 12]);
});

test("control tokens are whole, wherever they stand; what looks like them is text", () => {
  assert.deepEqual(tokenizer.encode("ab<|end|>ab<a.b>"), [11, 0, 11, 1]);
  assert.deepEqual(tokenizer.encode("<aab"), [2, 11]); // "<" has no token here
  assert.equal(tokenizer.piece(1), "<a.b>");
});

test("half an emoji counts as U+FFFD; a byte without a token is left out", () => {
  assert.deepEqual(tokenizer.encode("\ud83d"), [15]);
  assert.deepEqual(tokenizer.encode("\ud83dab\ude00"), [15, 11, 15]);
  assert.deepEqual(tokenizer.encode("zabz"), [11]);
  assert.deepEqual(tokenizer.encode("z"), []);
  assert.equal(tokenizer.piece(8), "\ufffd");
});

test("a text of any length ends, or is refused", () => {
  assert.equal(tokenizer.encode("ab".repeat(10_000)).length, 5_000);
  assert.throws(() => tokenizer.encode("a".repeat(20_001)), /20001 letters, but 20000 fit/);
});
