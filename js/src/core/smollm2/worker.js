// The worker's entry: it receives the model in parts, then encodes and runs texts.
import { Arena } from "./arena.js";
import { Decoder, LONGEST, roomFor } from "./decoder.js";
import kernel from "./kernel.ts" with { type: "wasm" };
import { likeliest } from "./likeliest.js";
import { Patterns } from "./patterns.js";
import { canRun, kernelProduct, plainProduct } from "./product.js";
import { Tokenizer } from "./tokenizer.js";

const N_TOP = 50;

let arena;
let decoder;
let shown; // patterns of its runs
let tokenizer;

const HEARD = {
  /** Makes room for the model that `about` tells of (attnlib/sphinx_ext/smollm2.py). */
  begin({ about }) {
    arena = new Arena(about.bytes + roomFor(about.shape), canRun(kernel));
    arena.take(about.bytes);
    decoder = new Decoder(arena, about);
    shown = new Patterns(decoder);
  },
  part({ at, bytes }) {
    arena.bytes.set(bytes, at);
  },
  async finish({ about }) {
    const isFast = arena.memory !== null;
    decoder.product = isFast
      ? await kernelProduct(kernel, arena, decoder.room)
      : plainProduct(arena);
    const { at, length } = about.merges;
    tokenizer = new Tokenizer(about.tokenizer, new Uint16Array(arena.buffer, at, length));
    return { isFast, longest: LONGEST };
  },
  encode({ text }) {
    const ids = tokenizer.encode(text);
    return { ids, pieces: ids.map((id) => tokenizer.piece(id)) };
  },
  run({ ids, patterns, ...interventions }) {
    const began = performance.now();
    decoder.run(ids, interventions);
    const top = likeliest(decoder.logits.data, N_TOP);
    for (const one of top) one.piece = tokenizer.piece(one.id);
    const found = { top, ...(patterns && { patterns: shown.of(ids.length) }) };
    return { ...found, seconds: (performance.now() - began) / 1000 };
  },
};

async function answer({ number, type, ...asked }) {
  try {
    postMessage({ number, result: await HEARD[type](asked) });
  } catch (error) {
    postMessage({ number, error: { name: error.name, message: error.message } });
  }
}

export function listen() {
  globalThis.onmessage = ({ data }) => answer(data);
}
