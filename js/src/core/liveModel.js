// The model itself, where there is one: brought into the page from the book's folder, or in the kernel.
import { signal } from "@preact/signals";
import { carried } from "./carried.js";

/** Of a text, the new line before it included; as in attnlib/figures/real_model.py. */
export const MOST_TOKENS = 64;
export const MOST_CHARACTERS = 1000;
export const START = "\n";

const script = globalThis.document?.currentScript; // of a page; a notebook has a kernel instead

/** The folder of the model beside a page's script; null where the book was built without it. */
const folder = () =>
  script?.dataset.attnlibModel === undefined ? null : new URL("smollm2/", script.src).href;

/** The model of a page, one for all of its figures; its own script comes when it is asked for. */
class PageModel {
  where = "page";
  status = signal("away"); // or "small", "coming", "stopped", "here", "lost"
  progress = signal(null);
  nUsers = 0;
  constructor(base) {
    this.base = base;
  }
  async open() {
    if (!globalThis.attnlibSmolLM2) await carried(new URL("../smollm2", this.base).href);
    if (!globalThis.attnlibSmolLM2) throw new Error("The model's script could not be loaded.");
    this.live ??= new globalThis.attnlibSmolLM2.LiveModel(this.base);
    this.live.onLost = () => (this.status.value = "lost");
    return this.live;
  }
  async room() {
    await this.open();
    return globalThis.attnlibSmolLM2.LiveModel.room();
  }
  /** Resolves to whether the model is here: false after `stop()`. */
  async load(onProgress) {
    return (await (await this.open()).load({ onProgress })) !== false;
  }
  stop() {
    this.live?.stop();
  }
  encode(text) {
    return this.live.encode(text);
  }
  run(asked) {
    return this.live.run(asked);
  }
  /** What the figure Patterns shows of `text`: traits of it. */
  async read(text) {
    const { ids, pieces } = await this.encode(START + text);
    checkLength(ids);
    const { weights, added, longest } = (await this.run({ ids, patterns: true })).patterns;
    const tokens = { _ids: ids, tokens: pieces, key_tokens: pieces };
    return { text, ...tokens, _weights: weights, _added: added, longest };
  }
  close() {
    if (--this.nUsers) return;
    this.live?.close();
    pageModels.delete(this.base);
  }
}

const pageModels = new Map(); // by the addresses of their folders

/** Fails with words unless there are as many tokens as a figure shows. */
export function checkLength(ids) {
  if (ids.length > MOST_TOKENS)
    throw new Error(
      `That is ${ids.length} tokens; the figure takes up to ${MOST_TOKENS}, the new line included.`,
    );
  if (ids.length < 2) throw new Error("The model has no token for what you wrote.");
}

/** The model of a notebook's kernel, asked by messages. */
class KernelModel {
  where = "kernel";
  status = signal("away");
  progress = signal(null);
  constructor(model) {
    this.model = model;
    this.waiting = new Map();
    this.count = 0;
    this.hear = this.hear.bind(this);
    model.on("msg:custom", this.hear);
  }
  ask(what, content = {}) {
    const asked = `${this.count++}-${Math.random()}`; // two views hear each other's answers
    this.model.send({ what, asked, ...content });
    return new Promise((done, fail) => this.waiting.set(asked, { done, fail }));
  }
  hear({ asked, error, ...answer }) {
    const waiting = this.waiting.get(asked);
    if (!waiting) return;
    this.waiting.delete(asked);
    if (error) waiting.fail(new Error(error));
    else waiting.done(answer);
  }
  async room() {
    return { enough: true };
  }
  async load() {
    await this.ask("load");
    return true;
  }
  stop() {}
  encode(text) {
    return this.ask("encode", { text });
  }
  run(asked) {
    return this.ask("run", asked);
  }
  /** The kernel sets the figure's traits itself: nothing is handed over. */
  async read(text) {
    await this.ask("read", { text });
    return null;
  }
  close() {
    this.model.off("msg:custom", this.hear);
  }
}

/** What answers where nothing is recorded; null where nothing does. `close` it when it is no longer needed. */
export function modelFor(model) {
  if (!model.isPage) return new KernelModel(model);
  const base = folder();
  if (base === null) return null;
  if (!pageModels.has(base)) pageModels.set(base, new PageModel(base));
  const live = pageModels.get(base);
  live.nUsers++;
  return live;
}
