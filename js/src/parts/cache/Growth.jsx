// Multiplications in all against words written, with and without a cache; the reader's own is marked.
import { whole } from "../../core/format.js";

const CHART = { width: 330, height: 150, left: 58, right: 12, top: 12, foot: 22 };
const LINES = { without: "without a cache", kept: "with a cache" };
// Where a line has its name: at which share of the words, and pixels from there.
const NAMED = { without: { at: 0.625, by: -10 }, kept: { at: 1, by: -9 } };

/** `curves`: `{without, kept}`, the totals after 0, 1, 2, ... words. */
export function Growth({ curves, step, cache }) {
  const n = curves.kept.length - 1;
  const most = Math.max(...curves.without, ...curves.kept);
  const { left, right, top, foot, width, height } = CHART;
  const x = (words) => left + (words / n) * (width - left - right);
  const y = (count) => height - foot - (count / most) * (height - foot - top);
  const path = (counts) => `M${counts.map((count, at) => `${x(at)} ${y(count)}`).join("L")}`;
  const here = (id) => curves[id][NAMED[id].at * n];
  const own = curves[cache ? "kept" : "without"][step];
  const told = Object.entries(LINES).map(([id, name]) => `${whole(curves[id][n])} ${name}`);
  return (
    <figure class="al-growth">
      <figcaption>multiplications in all, by words written</figcaption>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`After ${n} words ${told.join(", ")}; here, after ${step}, ${whole(own)}`}
      >
        {[0, most].map((count) => (
          <>
            <line x1={left} x2={width - right} y1={y(count)} y2={y(count)} />
            <text x={left - 6} y={y(count) + 4} text-anchor="end">
              {whole(count)}
            </text>
          </>
        ))}
        {[0, n / 2, n].map((words) => (
          <text x={x(words)} y={height - 6} text-anchor="middle">
            {words}
          </text>
        ))}
        {Object.entries(LINES).map(([id, name]) => (
          <>
            <path class={`al-grows-${id}`} d={path(curves[id])} />
            <text
              class="al-grows"
              x={x(n * NAMED[id].at)}
              y={y(here(id)) + NAMED[id].by}
              text-anchor="end"
            >
              {name}
            </text>
          </>
        ))}
        <circle cx={x(step)} cy={y(own)} r="5.5" />
      </svg>
    </figure>
  );
}
