// Bars beside numbers. The ends of a line are no style: a drag moves them without the cascade, which costs
// more than the bars themselves, and a saved picture holds them. A drawing is laid out alone unless it is an
// item of a grid or of a flex row: hence the box around it.
import { effect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { write } from "../core/write.js";

/** The class of a bar of `value`. */
export const barOf = (value) => (value < 0 ? "al-below" : "al-above");

const percent = (share) => `${Math.round(share * 1000) / 10}%`;

/**
 * `bars` is a signal of bars, always as many: `{ends, kind, y}`, where `ends` are two shares of the width,
 * `kind` is a class, and `y` is where the bar lies. An `upright` one has a single bar from the ground up.
 */
export function Meter({ bars, class: kind = "", upright = false }) {
  const svg = useRef(null);
  useLayoutEffect(
    () =>
      effect(() => {
        bars.value.forEach(({ ends, kind, y = 0.5 }, n) => {
          const [x1, x2, height] = [...ends, y].map(percent);
          const [y1, y2] = ends.map((end) => percent(1 - end));
          const lies = { x1, x2, y1: height, y2: height };
          const stands = { x1: height, x2: height, y1, y2 };
          write(svg.current.children[n], { ...(upright ? stands : lies), class: kind });
        });
      }),
    [bars],
  );
  return (
    <span class={`al-meter ${kind}`} aria-hidden="true">
      <svg ref={svg}>
        {bars.peek().map(() => (
          <line />
        ))}
      </svg>
    </span>
  );
}
