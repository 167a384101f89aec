// Names that no other view on the page has. A figure's key will not do: the same figure may stand in two
// cells, or be shown twice. Nor will a counter of this module: in a notebook each figure loads its own.
import { useMemo } from "preact/hooks";

const COUNT = Symbol.for("attnlib.ids");

/** An id that stays as it is while the component is mounted. */
export function useOwnId() {
  return useMemo(() => {
    globalThis[COUNT] = (globalThis[COUNT] ?? 0) + 1;
    return `al-${globalThis[COUNT]}`;
  }, []);
}
