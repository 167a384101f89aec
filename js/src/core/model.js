// State: one signal per trait, in step with a notebook's widget model or a page's own.
import { batch, signal, effect } from "@preact/signals";

/** The page's stand-in for a widget model: the part of its interface the figures use. */
export class PageModel {
  constructor(state) {
    this.state = state;
  }
  get(name) {
    return this.state[name];
  }
  set(name, value) {
    this.state[name] = value;
  }
  on() {}
  off() {}
}

const same = (a, b) =>
  a === b || (!ArrayBuffer.isView(a) && JSON.stringify(a) === JSON.stringify(b));

const bound = new WeakMap(); // by model, what is bound and how many views it has

/**
 * Signals for the named traits, and what they held at the start: the same for all views of a model. The last
 * that disposes of them ends them.
 */
export function bind(model, names) {
  if (!bound.has(model)) bound.set(model, { ...bindNew(model, names), nViews: 0 });
  const one = bound.get(model);
  one.nViews++;
  const dispose = () => {
    if (--one.nViews) return;
    bound.delete(model);
    one.end();
  };
  return { signals: one.signals, start: one.start, dispose };
}

/**
 * Signals for the named traits, bound to the model in both directions.
 * Writes to the kernel are gathered per animation frame: a drag sends one message a frame. Until then the
 * model does not know them either: the kernel's echo of an older write would undo a newer one that waits.
 */
function bindNew(model, names) {
  const signals = {};
  const start = Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const undo = [];
  let pending = null;
  const changed = new Set();
  const unsaved = new Map();
  // One message may bring several traits, told one by one: they are taken over together.
  const takeOver = () =>
    batch(() => {
      for (const name of changed) signals[name].value = model.get(name);
      changed.clear();
    });
  const save = () => {
    pending = null;
    for (const [name, value] of unsaved) model.set(name, value);
    unsaved.clear();
    model.save_changes?.(); // a page has no kernel
  };
  const write = (name, value) => {
    unsaved.set(name, value);
    if (!model.save_changes) return save();
    pending ??= requestAnimationFrame(save);
  };
  for (const name of names) {
    const state = (signals[name] = signal(model.get(name)));
    const receive = () => {
      if (same(model.get(name), state.peek())) return;
      if (changed.size === 0) queueMicrotask(takeOver);
      changed.add(name);
    };
    model.on(`change:${name}`, receive);
    undo.push(() => model.off(`change:${name}`, receive));
    undo.push(
      effect(() => {
        const value = state.value;
        if (value !== model.get(name)) write(name, value);
        else unsaved.delete(name);
      }),
    );
  }
  return { signals, start, end: () => undo.forEach((f) => f()) };
}
