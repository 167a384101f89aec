// The model itself, where there is one: brought into the page from the book's folder, or in the kernel.
import { carried } from "./carried.js";

const script = globalThis.document?.currentScript; // of a page; a notebook has a kernel instead

/** The folder of the model beside a page's script; null where the book was built without it. */
const folder = () =>
  script?.dataset.attnlibModel === undefined ? null : new URL("smollm2/", script.src).href;

/** The model of a page; its own script comes when it is asked for. */
class PageModel {
  constructor(base) {
    this.base = base;
  }
  async open() {
    if (!globalThis.attnlibSmolLM2) await carried(new URL("../smollm2", this.base).href);
    if (!globalThis.attnlibSmolLM2) throw new Error("The model's script could not be loaded.");
    this.live ??= new globalThis.attnlibSmolLM2.LiveModel(this.base);
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
    return this.live.run({ ...asked, patterns: false });
  }
  close() {
    this.live?.close();
  }
}

/** The model of a notebook's kernel, asked by messages. */
class KernelModel {
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
  close() {
    this.model.off("msg:custom", this.hear);
  }
}

/** What answers where nothing is recorded: `{where: "page" | "kernel", ...}`; null where nothing does. */
export function modelFor(model) {
  if (!model.isPage) return Object.assign(new KernelModel(model), { where: "kernel" });
  const base = folder();
  return base === null ? null : Object.assign(new PageModel(base), { where: "page" });
}
