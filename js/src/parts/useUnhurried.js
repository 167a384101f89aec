// What stands beside a drag need not follow its every step.
import { effect, signal } from "@preact/signals";
import { useLayoutEffect, useMemo } from "preact/hooks";
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

/** A signal of `tell(now)` that follows `source` so: for sentences, which nobody reads in a drag. */
export function useAtRest(source, tell) {
  const told = useMemo(() => signal(tell(source.peek())), [source]);
  useUnhurried(source, (now) => (told.value = tell(now)));
  return told;
}
