// Keys of a figure stay in it.
import { useEffect } from "preact/hooks";
import { staysInside } from "../core/keys.js";

const SUPPRESS = "data-lm-suppress-shortcuts"; // Lumino's, which JupyterLab and Notebook are made of

/** Keys in `root`, a ref, that are the figure's own do not reach the page. */
export function useOwnKeys(root) {
  useEffect(() => {
    const node = root.current;
    // Notebook 7 hears of a key before any figure can, and looks for the mark at what has the focus.
    const mark = (event) => {
      const { target } = event;
      if (node.contains(target)) target.toggleAttribute(SUPPRESS, staysInside(event));
    };
    const stay = (event) => staysInside(event) && event.stopPropagation();
    addEventListener("keydown", mark, true);
    node.addEventListener("keydown", stay);
    return () => {
      removeEventListener("keydown", mark, true);
      node.removeEventListener("keydown", stay);
    };
  }, []);
}
