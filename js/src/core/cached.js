// The imagined layer of CacheLab: a block that writes word by word, and what each word costs.
// attnlib/figures/cached_block.py, for the browser.
import { dot, matmul, scoresOf, softmax } from "./mathematics.js";
import { rotate } from "./positions.js";

export const SHARED = { "multi-head": 4, grouped: 2, "multi-query": 1 }; // key heads
export const LATENT = "latent";

const transposed = (w) => w[0].map((_, j) => w.map((row) => row[j]));
const beside = (a, b) => a.map((row, i) => [...row, ...b[i]]);
const mean = (matrices) =>
  matrices[0].map((row, i) =>
    row.map((_, j) => matrices.reduce((sum, w) => sum + w[i][j], 0) / matrices.length),
  );

/** The mean of each of `n` groups of neighbours (Ainslie et al., 2023, section 2.1). */
function pooled(stack, n) {
  const size = stack.length / n;
  return Array.from({ length: n }, (_, g) => mean(stack.slice(g * size, (g + 1) * size)));
}

/** `writes` reads and fills the cache, `whole` reads a text at once; `nKept` numbers a word are kept. */
export function layer(weights, sharing) {
  if (sharing === LATENT) return latent(weights);
  const n = SHARED[sharing];
  const block = {
    ...{ w_q: weights.w_q, w_k: pooled(weights.w_k, n), w_v: pooled(weights.w_v, n) },
    ...{ w_o: weights.w_o, nRotated: weights.w_q[0][0].length },
  };
  block.scale = 1 / Math.sqrt(block.nRotated);
  return { writes: block, whole: block, nKept: 2 * n * block.nRotated };
}

/** u_k is multiplied into the queries, u_v into w_o: multi-query attention over the kept numbers. */
function latent({ w_q, w_o, w_down, u_k, u_v, w_qr, w_kr }) {
  const nRotated = w_kr[0].length;
  const turns = { nRotated, scale: 1 / Math.sqrt(2 * nRotated) };
  const whole = {
    ...{ w_q: w_qr.map((w, h) => beside(w, w_q[h])), w_o, ...turns },
    w_k: u_k.map((u) => beside(w_kr, matmul(w_down, u))),
    w_v: u_v.map((u) => matmul(w_down, u)),
  };
  const writes = {
    w_q: w_qr.map((w, h) => beside(w, matmul(w_q[h], transposed(u_k[h])))),
    ...{ w_k: [beside(w_kr, w_down)], w_v: [w_down], ...turns },
    w_o: u_v.map((u, h) => matmul(u, w_o[h])),
  };
  return { writes, whole, nKept: nRotated + w_down[0].length };
}

/** The key head that query head `h` reads: neighbours share one, or, by mistake, every n-th. */
export function keyHeadOf(h, nHeads, nKvHeads, tile = false) {
  return tile ? h % nKvHeads : Math.floor(h / (nHeads / nKvHeads));
}

/** The first columns turned by `place`, the others as they are. */
const turn = (row, place, nRotated) => [
  ...rotate(row.slice(0, nRotated), place),
  ...row.slice(nRotated),
];

/** The row of `x` through every matrix of a stack, turned if it has a place. */
const project = (row, stack) => stack.map((w) => matmul([row], w)[0]);
const turned = (rows, place, { nRotated }) => rows.map((row) => turn(row, place, nRotated));

/** What a word is kept as: `{key, value}`, a row for each key head. */
const make = (block, row, place) => ({
  key: turned(project(row, block.w_k), place, block),
  value: project(row, block.w_v),
});

/** The output of a word that stands at `place` and reads `held`; its queries, and their weights. */
function attend(block, row, place, held, tile = false) {
  const nHeads = block.w_q.length;
  const query = turned(project(row, block.w_q), place, block);
  const heads = query.map((q, h) => {
    const g = keyHeadOf(h, nHeads, block.w_k.length, tile);
    const scores = scoresOf(
      q,
      held.map(({ key }) => key[g]),
      block.scale,
    );
    const weights = softmax(scores);
    const values = held.map(({ value }) => value[g]);
    return { scores, weights, mixed: transposed(values).map((column) => dot(weights, column)) };
  });
  const deltas = heads.map(({ mixed }, h) => matmul([mixed], block.w_o[h])[0]);
  return {
    ...{ query, scores: heads.map((one) => one.scores), weights: heads.map((one) => one.weights) },
    output: deltas[0].map((_, a) => deltas.reduce((sum, delta) => sum + delta[a], 0)),
  };
}

/**
 * Writes the rows of `x`, word by word. Without a cache each word has the whole text run again. `newest` is
 * what the last word computed, over the places that it sees; `made` is what each was last made as.
 */
export function write({ writes: block }, x, { cache, window, bug }) {
  const [outputs, made] = [[], []];
  let [held, newest] = [[], null];
  x.forEach((row, n) => {
    const place = cache && bug === "offset" ? 0 : n;
    const makes = cache
      ? [make(block, row, place)]
      : x.slice(0, n + 1).map((one, at) => make(block, one, at));
    held = [...(cache ? held : []), ...makes].slice(-window);
    made.splice(cache ? n : 0, made.length, ...makes);
    newest = attend(block, row, place, held, bug === "tile");
    outputs.push(newest.output);
  });
  return { outputs, made, newest };
}

/** What the layer makes of all of `x` at once, without a bug. */
export function readAtOnce({ whole }, x, window) {
  const made = x.map((row, place) => make(whole, row, place));
  return x.map(
    (row, place) => attend(whole, row, place, made.slice(0, place + 1).slice(-window)).output,
  );
}

/** How many places the word at `place` may attend to, its own included. */
export const seen = (place, window) => Math.min(place + 1, window);

/** The multiplications of numbers that the word at `place` takes, by kind. */
export function multiplications({ writes: block, nKept }, place, { cache, window }) {
  const nHeads = block.w_q.length;
  const [dModel, key, value] = [block.w_q[0].length, block.w_q[0][0].length, block.w_o[0].length];
  const rows = cache ? [place] : Array.from({ length: place + 1 }, (_, row) => row);
  const pairs = rows.reduce((sum, row) => sum + seen(row, window), 0);
  return {
    projections: rows.length * dModel * (nHeads * (key + value) + nKept),
    scores: pairs * nHeads * key,
    mixing: pairs * nHeads * value,
  };
}

/** Of a place, when `step` words are written: what becomes of its keys and values for the newest word. */
export function stateOf(place, step, { cache, window }) {
  const newest = step - 1;
  if (place >= newest) return place === newest ? "new" : "absent";
  const sees = newest - place < seen(newest, window);
  if (cache) return sees ? "read" : "dropped";
  return sees ? "again" : "unseen";
}

/** How many different keys the heads read of one word. */
export function nKeys({ whole }, row) {
  const keys = make(whole, row, 0).key;
  return new Set(keys.map((key) => key.map((value) => value.toFixed(9)).join())).size;
}
