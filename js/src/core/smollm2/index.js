// The page's side of the model: it brings the parts from the book's folder and hands them to a worker.
import { bytesOf, carried } from "../carried.js";
import { makeWorker, noteRefusal } from "../workers.js";
import { source } from "./engine.js";

const NEEDED = 2; // GB of memory of a device, see bench/smollm2_in_page.py for what a page takes of it

const MISSING =
  "The model is not in this copy of the book: it was built without the weights. " +
  "The book's README says how to get them.";
const IMPOSSIBLE = "This page cannot run the model: the browser gives it no worker.";
const CLOSED = "The model was closed.";
const NOT_HERE = "The model is not here yet: bring it first.";

export class LiveModel {
  /** `base` is the address of the folder of the model, `_static/smollm2/`. */
  constructor(base) {
    this.base = base.endsWith("/") ? base : `${base}/`;
    this.about = null; // what the folder says of its model
    this.nHere = 0; // parts
    this.isReady = false;
    this.isClosed = false;
    this.isSlow = false; // once it is ready: without the fast instructions, about ten times slower
    this.longest = null; // tokens of a text, once it is ready
    this.onLost = () => {}; // called when the worker fails, and what it held with it
    this.waiting = new Map();
    this.number = 0;
  }

  /** Whether this device has the memory, in GB: `found` is null where the browser does not say. */
  static room() {
    const found = globalThis.navigator?.deviceMemory ?? null;
    return { enough: found === null || found >= NEEDED, needed: NEEDED, found };
  }

  /**
   * Brings the model, and tells of it with `onProgress(doneBytes, allBytes)`. Resolves to whether it is ready: false
   * after `stop()`. Called again, it goes on where it was. Rejects where a part is missing or memory is too small.
   */
  load({ onProgress = () => {} } = {}) {
    this.onProgress = onProgress;
    this.isWanted = true;
    this.loading ??= this.bring().finally(() => (this.loading = null));
    return this.loading;
  }
  /** Stops bringing after the part that is on its way. What is here stays. */
  stop() {
    this.isWanted = false;
  }

  /** `{ ids, pieces }` of `text`: a letter of several tokens is U+FFFD in each of them. */
  encode(text) {
    return this.askReady("encode", { text });
  }
  /**
   * The 50 likeliest tokens after `ids`, `top: [{ id, piece, p, logit }, ...]`, and the `seconds` it took. Taken away
   * are the edges `cut: [[layer, query, key], ...]`, after which rows sum to 1 again, the heads
   * `silent: [[layer, head], ...]`, and for each token all but the `last` tokens, its own included. With `patterns`
   * also all weights and the lengths of what is added, in bytes (patterns.js).
   */
  run({ ids, cut = [], silent = [], last = null, patterns = false }) {
    return this.askReady("run", { ids, cut, silent, last, patterns });
  }
  /** Gives the memory back, for good: who waits for an answer is told that there is none. */
  close() {
    this.isClosed = true;
    this.fail(CLOSED);
  }

  async bring() {
    if (!this.worker) await this.begin();
    while (this.isWanted && this.nHere < this.about.parts) await this.bringPart();
    if (!this.isWanted) return false;
    if (!this.isReady) await this.finish();
    return true;
  }
  async begin() {
    const text = await carried(`${this.base}about`);
    if (text === null) throw new Error(MISSING);
    if (this.isClosed) throw new Error(CLOSED);
    this.about = JSON.parse(new TextDecoder().decode(bytesOf(text)));
    this.nHere = 0;
    this.employ();
    await this.ask("begin", { about: this.about });
  }
  async bringPart() {
    const { bytes: all, partBytes, parts } = this.about;
    const name = `part-${String(this.nHere).padStart(2, "0")}`;
    const at = this.nHere * partBytes;
    const text = await carried(this.base + name);
    const bytes = text === null ? [] : bytesOf(text);
    if (bytes.length !== Math.min(partBytes, all - at))
      throw new Error(
        `Part ${this.nHere + 1} of ${parts} could not be read (${this.base}${name}.js). Try again: what is here stays.`,
      );
    await this.ask("part", { at, bytes }, [bytes.buffer]);
    this.nHere++;
    this.onProgress(Math.min(at + partBytes, all), all);
  }
  async finish() {
    const { isFast, longest } = await this.ask("finish", { about: this.about });
    Object.assign(this, { isReady: true, isSlow: !isFast, longest });
  }

  employ() {
    const worker = makeWorker(source);
    if (!worker) throw new Error(IMPOSSIBLE);
    let isHeard = false;
    worker.onmessage = ({ data }) => {
      isHeard = true;
      this.hear(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      if (!isHeard) noteRefusal();
      this.fail(isHeard ? `The model stopped: ${event.message}` : IMPOSSIBLE);
      this.onLost();
    };
    this.worker = worker;
  }
  askReady(type, asked) {
    const isEarly = !this.isReady && !this.isClosed;
    return isEarly ? Promise.reject(new Error(NOT_HERE)) : this.ask(type, asked);
  }
  /** What the worker answers to `asked`. */
  ask(type, asked, handedOver = []) {
    if (!this.worker) return Promise.reject(new Error(CLOSED));
    const number = this.number++;
    this.worker.postMessage({ number, type, ...asked }, handedOver);
    return new Promise((resolve, reject) => this.waiting.set(number, { resolve, reject }));
  }
  hear({ number, result, error }) {
    const { resolve, reject } = this.waiting.get(number);
    this.waiting.delete(number);
    if (error) reject(new Error(error.message));
    else resolve(result);
  }
  /** The worker and what it holds are gone; whoever waits for it is told why. */
  fail(message) {
    this.worker?.terminate();
    Object.assign(this, { worker: null, isReady: false, nHere: 0 });
    for (const { reject } of this.waiting.values()) reject(new Error(message));
    this.waiting.clear();
  }
}
