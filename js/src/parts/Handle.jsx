/** The ring around the tip that is held. `at` is a signal: where it is, or nothing. */
import { effect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { write } from "../core/write.js";

export function Handle({ at, kind = "" }) {
  const circle = useRef(null);
  useLayoutEffect(
    () =>
      effect(() => {
        const tip = at.value;
        write(
          circle.current,
          tip ? { cx: tip.x, cy: tip.y, display: "inline" } : { display: "none" },
        );
      }),
    [],
  );
  return <circle ref={circle} class={`al-handle ${kind && `al-${kind}`}`} r={9} />;
}
