// The name of an element that a drag changes at every step.
import { useUnhurried } from "./useUnhurried.js";

/** Keeps the name of `node`, a ref, in step with `label`, a signal; in a drag, when it rests. */
export function useName(node, label) {
  useUnhurried(label, (told) => node.current.setAttribute("aria-label", told));
}
