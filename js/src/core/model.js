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

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/**
 * Signals for the named traits, bound to the model in both directions.
 * Writes to the kernel are gathered per animation frame: a drag sends one message a frame.
 */
export function bind(model, names) {
  const signals = {};
  const undo = [];
  let pending = null;
  const changed = new Set();
  // One message may bring several traits, told one by one: they are taken over together.
  const takeOver = () =>
    batch(() => {
      for (const name of changed) signals[name].value = model.get(name);
      changed.clear();
    });
  const save = () => {
    if (!model.save_changes) return; // a page has no kernel
    pending ??= requestAnimationFrame(() => {
      pending = null;
      model.save_changes();
    });
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
        if (value === model.get(name)) return;
        model.set(name, value);
        save();
      }),
    );
  }
  return { signals, dispose: () => undo.forEach((f) => f()) };
}
