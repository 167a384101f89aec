// Bars beside numbers. The ends of a line are no style: a drag moves them without the cascade, which costs
// more than the bars themselves, and a saved picture holds them. A drawing is laid out alone unless it is an
// item of a grid or of a flex row: hence the box around it.
import { effect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { write } from "../core/write.js";

const percent = (share) => `${Math.round(share * 1000) / 10}%`;

/**
 * `bars`: `{ends, kind, y}`; `ends` is a signal of two shares of the width, `kind` (a text, or a signal of
 * one) the bar's class, `y` where it lies.
 */
export function Meter({ bars, class: kind = "" }) {
  const svg = useRef(null);
  useLayoutEffect(() => {
    const stops = bars.map(({ ends, kind }, n) =>
      effect(() => {
        const [from, to] = ends.value.map(percent);
        write(svg.current.children[n], { x1: from, x2: to, class: kind.value ?? kind });
      }),
    );
    return () => stops.forEach((stop) => stop());
  }, [bars]);
  return (
    <span class={`al-meter ${kind}`} aria-hidden="true">
      <svg ref={svg}>
        {bars.map(({ y = "50%" }) => (
          <line y1={y} y2={y} />
        ))}
      </svg>
    </span>
  );
}
