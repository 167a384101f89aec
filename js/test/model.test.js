// A figure's signals and the model they are bound to: a notebook's, which a kernel answers.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { bind } from "../src/core/model.js";

const frames = [];
globalThis.requestAnimationFrame = (draw) => frames.push(draw);
const nextFrame = () => frames.splice(0).forEach((draw) => draw());
const microtasks = () => new Promise((done) => setTimeout(done, 0));
afterEach(() => frames.splice(0));

/** A widget model: `sent` holds what each message to the kernel said. */
function widgetModel(state) {
  const listeners = new Set();
  return {
    sent: [],
    get: (name) => state[name],
    set(name, value) {
      if (state[name] === value) return;
      state[name] = value;
      for (const [event, hear] of listeners) if (event === `change:${name}`) hear();
    },
    save_changes() {
      this.sent.push({ ...state });
    },
    on: (event, hear) => listeners.add([event, hear]),
    off(event, hear) {
      for (const one of listeners) if (one[0] === event && one[1] === hear) listeners.delete(one);
    },
    get nListeners() {
      return listeners.size;
    },
  };
}

test("the kernel's echo of an older write does not undo a newer one", async () => {
  const model = widgetModel({ step: 0 });
  const { signals, dispose } = bind(model, ["step"]);
  signals.step.value = 5;
  nextFrame();
  signals.step.value = 10; // waits for its frame
  model.set("step", 5); // the echo
  await microtasks();
  assert.equal(signals.step.value, 10);
  nextFrame();
  assert.deepEqual(model.sent, [{ step: 5 }, { step: 10 }]);
  dispose();
});

test("what the kernel says is taken over, and not sent back", async () => {
  const model = widgetModel({ step: 0, seed: 1 });
  const { signals, dispose } = bind(model, ["step", "seed"]);
  model.set("step", 7);
  model.set("seed", 2);
  await microtasks();
  assert.deepEqual([signals.step.value, signals.seed.value], [7, 2]);
  nextFrame();
  assert.deepEqual(model.sent, []);
  signals.step.value = 8;
  signals.step.value = 7; // back before its frame
  nextFrame();
  assert.equal(model.get("step"), 7);
  dispose();
});

test("the views of a model share its signals, until the last is gone", () => {
  const model = widgetModel({ step: 0 });
  const [one, other] = [bind(model, ["step"]), bind(model, ["step"])];
  assert.equal(one.signals.step, other.signals.step);
  one.dispose();
  other.signals.step.value = 3;
  nextFrame();
  const late = bind(model, ["step"]);
  assert.deepEqual(late.start, { step: 0 });
  late.dispose();
  assert.deepEqual(model.sent, [{ step: 3 }]);
  other.dispose();
  assert.equal(model.nListeners, 0);
  const { signals, dispose } = bind(model, ["step"]);
  assert.notEqual(signals.step, other.signals.step);
  assert.equal(signals.step.value, 3);
  dispose();
});

test("bytes that the kernel sends are taken over, though nothing tells them apart in words", async () => {
  const view = (...bytes) => new DataView(Uint8Array.from(bytes).buffer);
  const model = widgetModel({ text: "a", weights: view(1, 2) });
  const { signals, dispose } = bind(model, ["text", "weights"]);
  model.set("weights", view(3, 4));
  model.set("text", "b");
  await microtasks();
  assert.equal(signals.weights.value.getUint8(0), 3);
  nextFrame();
  assert.equal(model.sent.length, 0); // they are not sent back
  dispose();
});
