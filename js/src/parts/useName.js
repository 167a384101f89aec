// The name of an element that a drag changes at every step.
import { effect } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";
import { NAMES_AFTER, unhurried } from "../core/rest.js";

/** Keeps the name of `node`, a ref, in step with `label`, a signal; in a drag, when it rests. */
export function useName(node, label) {
  useLayoutEffect(() => {
    const names = unhurried(NAMES_AFTER);
    const stop = effect(() => {
      const told = label.value;
      names.run(() => node.current?.setAttribute("aria-label", told));
    });
    return () => {
      names.cancel();
      stop();
    };
  }, [label]);
}
