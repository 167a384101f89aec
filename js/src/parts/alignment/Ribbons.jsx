// Two texts side by side, and a ribbon for every weight: as broad as the weight is large.
import { number, list } from "../../core/format.js";

const ROW = 26;
const TOP = 34;
const WIDTH = 340;
const [LEFT, RIGHT] = [116, 224]; // where the ribbons begin and end
const BROADEST = 10;
const LEAST = 0.02; // weights below this are not drawn
const MIDDLE = (LEFT + RIGHT) / 2;

/** Where word `n` of `count` stands; the shorter text in the middle of the longer one. */
const heightOf = (count, most) => (n) => TOP + (n + 0.5 + (most - count) / 2) * ROW;

function Ribbon({ from, to, weight, asks }) {
  return (
    <path
      class={`al-ribbon ${asks ? "al-strong" : ""}`}
      d={`M${LEFT + 4},${from}C${MIDDLE},${from} ${MIDDLE},${to} ${RIGHT - 4},${to}`}
      stroke-width={Math.max(0.75, weight * BROADEST)}
    />
  );
}

/** The words that the asking word reads most, as a sentence for those who do not see the ribbons. */
function told(queries, keys, row, query) {
  const read = keys
    .map((word, j) => [row[j], word])
    .filter(([weight]) => weight >= 0.1)
    .sort(([a], [b]) => b - a)
    .map(([weight, word]) => `${word} ${number(weight)}`);
  return `${queries[query]} attends to ${list(read) || "no word more than the others"}`;
}

export function Ribbons({ queries, keys, seen, weights, query, onAsk }) {
  const most = Math.max(queries.length, keys.length);
  const [left, right] = [queries, keys].map((words) => heightOf(words.length, most));
  const ribbons = weights.flatMap((row, i) =>
    row.map((weight, j) => ({ from: left(i), to: right(j), weight, asks: i === query })),
  );
  const drawn = ribbons.filter(({ weight }) => weight >= LEAST);
  drawn.sort((a, b) => a.asks - b.asks); // the asking word's on top
  const tall = TOP + ROW * most + 6;
  return (
    <svg
      class="al-ribbons"
      viewBox={`0 0 ${WIDTH} ${tall}`}
      role="img"
      aria-label={told(queries, keys, weights[query], query)}
    >
      <text class="al-query" x={LEFT} y="14" text-anchor="end">
        asks
      </text>
      <text class="al-key" x={RIGHT} y="14">
        answers
      </text>
      {drawn.map((ribbon) => (
        <Ribbon {...ribbon} />
      ))}
      {queries.map((word, i) => (
        <text
          class={`al-query al-asking ${i === query ? "al-strong" : ""}`}
          x={LEFT}
          y={left(i) + 4}
          text-anchor="end"
          onClick={() => onAsk(i)}
        >
          {word}
        </text>
      ))}
      {keys.map((word, j) => (
        <text class={`al-key ${seen[j] ? "" : "al-unseen"}`} x={RIGHT} y={right(j) + 4}>
          {word}
        </text>
      ))}
    </svg>
  );
}
