// What stands beside a drag need not follow its every step.
import { effect } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";
import { NAMES_AFTER, unhurried } from "../core/rest.js";

/**
 * Calls `follow(value)` when `source`, a signal, changes: at once after a pause, in a drag when it rests.
 * It is given what is then, never what was.
 */
export function useUnhurried(source, follow) {
  useLayoutEffect(() => {
    const steps = unhurried(NAMES_AFTER);
    const stop = effect(() => {
      source.value;
      steps.run(() => follow(source.peek()));
    });
    return () => {
      steps.cancel();
      stop();
    };
  }, [source]);
}
