// What is told beside a drag need not follow its every step.
import { effect, signal } from "@preact/signals";
import { useLayoutEffect, useMemo } from "preact/hooks";
import { NAMES_AFTER, unhurried } from "../core/rest.js";

/** A signal that follows `source`, a signal: at once after a pause, in a drag when it rests. */
export function useUnhurried(source) {
  const follower = useMemo(() => signal(source.peek()), [source]);
  useLayoutEffect(() => {
    const steps = unhurried(NAMES_AFTER);
    const stop = effect(() => {
      const { value } = source;
      steps.run(() => (follower.value = value));
    });
    return () => {
      steps.cancel();
      stop();
    };
  }, [source]);
  return follower;
}
