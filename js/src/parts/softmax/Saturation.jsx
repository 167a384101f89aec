// A random head at several widths: how decided its rows are, divided and not.
import { number } from "../../core/format.js";
import { median, normalMatrix, scores as dotProducts, softmax } from "../../core/mathematics.js";

export const WIDTHS = [4, 16, 64, 128, 512];
export const N_KEYS = 64;
export const N_QUERIES = 200;
export const KEYS_APART = 1e6; // between the seeds of queries and of keys
const DEAD = 0.01;
const BINS = 20;

/** Dot products of a random head, before any division: entries from a standard normal. */
export function randomScores(d_head, seed) {
  const q = normalMatrix(N_QUERIES, d_head, seed);
  const k = normalMatrix(N_KEYS, d_head, seed + KEYS_APART);
  return dotProducts(q, k, 1);
}

/** What becomes of the rows: their top weights, the median of these, the share of dead rows. */
export function saturate(scores, scale) {
  const weights = scores.map((row) => softmax(row.map((score) => score * scale)));
  const tops = weights.map((row) => Math.max(...row));
  const dead = tops.filter((top) => top * (1 - top) < DEAD).length / tops.length;
  return { tops, median: median(tops), dead };
}

function Histogram({ tops, kind, title, sample }) {
  const counts = Array(BINS).fill(0);
  for (const top of tops) counts[Math.min(BINS - 1, Math.floor(top * BINS))] += 1;
  const largest = Math.max(...counts);
  const text = `${title}: median top weight ${number(sample.median, 3)}, dead rows ${number(sample.dead * 100, 1)}%`;
  return (
    <div class="al-histogram">
      <p class={`al-${kind} al-strip-title`}>{title}</p>
      <svg viewBox="0 0 240 104" role="img" aria-label={text}>
        {counts.map((count, n) => (
          <rect
            class={`al-${kind}`}
            x={n * 12 + 1}
            width={10}
            y={84 - (count / largest) * 80}
            height={(count / largest) * 80}
          />
        ))}
        <line x1={0} x2={240} y1={84.5} y2={84.5} />
        <text x={0} y={100}>
          0
        </text>
        <text x={120} y={100} text-anchor="middle">
          largest weight of a row
        </text>
        <text x={240} y={100} text-anchor="end">
          1
        </text>
      </svg>
      <p class="al-reading">
        median <strong>{number(sample.median, 3)}</strong>, dead rows{" "}
        <strong>{number(sample.dead * 100, 1)}%</strong>
      </p>
    </div>
  );
}

export function Saturation({ s, raw }) {
  const { d_head, seed } = s;
  const plain = saturate(raw.value, 1);
  const scaled = saturate(raw.value, 1 / Math.sqrt(d_head.value));
  return (
    <div>
      <div class="al-controls">
        <label class="al-field">
          <span>d_head</span>
          <input
            type="range"
            min={0}
            max={WIDTHS.length - 1}
            step={1}
            value={WIDTHS.indexOf(d_head.value)}
            aria-valuetext={String(d_head.value)}
            onInput={(event) => (d_head.value = WIDTHS[Number(event.currentTarget.value)])}
          />
          <strong>{d_head.value}</strong>
        </label>
        <button type="button" onClick={() => (seed.value += 1)}>
          Draw again
        </button>
      </div>
      <div class="al-row">
        <Histogram kind="key" title="not divided" tops={plain.tops} sample={plain} />
        <Histogram
          kind="query"
          title={`divided by √${d_head.value}`}
          tops={scaled.tops}
          sample={scaled}
        />
      </div>
      <p class="al-reading">
        {N_QUERIES} queries and {N_KEYS} keys drawn from a standard normal (seed {seed.value}). A
        row is dead when its largest weight w hardly answers to its own score: w (1 − w) is below{" "}
        {DEAD}.
      </p>
    </div>
  );
}
