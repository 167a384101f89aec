// Scores as bars, weights beside them; with three keys the weights are also a point in a triangle.
import { useRef } from "preact/hooks";
import { number, round } from "../../core/format.js";
import { entropy } from "../../core/mathematics.js";

const REACH = 6; // scores on the bars run from -6 to 6
export const COOLEST = 0.05;
export const HOTTEST = 20;

function ScoreRow({ label, score, weight, onChange }) {
  const track = useRef(null);
  const held = useRef(false);
  const inside = (value) => Math.max(-REACH, Math.min(REACH, value));
  const at = (value) => `${((value + REACH) / (2 * REACH)) * 100}%`;
  const set = (value) => onChange(round(inside(value), 2));
  const follow = (event) => {
    const box = track.current.getBoundingClientRect();
    set(Math.round(((event.clientX - box.left) / box.width) * 2 * REACH * 10 - REACH * 10) / 10);
  };
  const onKeyDown = (event) => {
    const steps = { ArrowRight: 0.1, ArrowUp: 0.1, "+": 0.1, "=": 0.1 };
    const back = { ArrowLeft: -0.1, ArrowDown: -0.1, "-": -0.1, PageUp: 1, PageDown: -1 };
    const step = { ...steps, ...back }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    set(score + step);
  };
  // A page or a link may hold a score beyond the track: it is drawn at the track's end.
  const [low, high] = [Math.min(inside(score), 0), Math.max(inside(score), 0)];
  return (
    <li>
      <span class="al-lab-label">{label}</span>
      <span
        ref={track}
        class="al-track"
        role="slider"
        tabIndex={0}
        aria-label={`score of ${label}`}
        aria-valuemin={-REACH}
        aria-valuemax={REACH}
        aria-valuenow={score}
        aria-valuetext={`${number(score)}, weight ${number(weight)}`}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          track.current.setPointerCapture(event.pointerId);
          held.current = true;
          follow(event);
        }}
        onPointerMove={(event) => held.current && follow(event)}
        onPointerUp={() => (held.current = false)}
        onPointerCancel={() => (held.current = false)}
      >
        <span class="al-track-zero" />
        <span
          class={score < 0 ? "al-track-bar al-below" : "al-track-bar"}
          style={{ left: at(low), width: `${((high - low) / (2 * REACH)) * 100}%` }}
        />
        <span class="al-track-knob" style={{ left: at(inside(score)) }} />
      </span>
      <span class="al-lab-number">{number(score)}</span>
      <span class="al-share">
        <span class="al-share-bar" style={{ width: `${weight * 100}%` }} />
      </span>
      <span class="al-lab-number al-strong-number">{number(weight, 3)}</span>
    </li>
  );
}

const SIDE = 220;
const HEIGHT = (SIDE * Math.sqrt(3)) / 2;
const CORNERS = [
  [SIDE / 2, 0],
  [0, HEIGHT],
  [SIDE, HEIGHT],
];
const LEAST_SHARE = 0.002; // the edge itself would need an infinite score

/** The weights at a point of the triangle (its barycentric coordinates), kept inside. */
function sharesAt([x, y]) {
  const first = 1 - y / HEIGHT;
  const third = (x - (SIDE / 2) * first) / SIDE;
  const kept = [first, 1 - first - third, third].map((w) => Math.max(LEAST_SHARE, w));
  const total = kept.reduce((a, b) => a + b, 0);
  return kept.map((w) => w / total);
}

function Simplex({ labels, weights, onWeights }) {
  const svg = useRef(null);
  const held = useRef(false);
  const point = [0, 1].map((d) => weights.reduce((sum, w, i) => sum + w * CORNERS[i][d], 0));
  const follow = (event) => {
    const box = svg.current.getBoundingClientRect();
    const scale = (SIDE + 80) / box.width;
    onWeights(
      sharesAt([(event.clientX - box.left) * scale - 40, (event.clientY - box.top) * scale - 24]),
    );
  };
  const onKeyDown = (event) => {
    const step = { ArrowLeft: [-4, 0], ArrowRight: [4, 0], ArrowUp: [0, -4], ArrowDown: [0, 4] };
    if (!(event.key in step)) return;
    event.preventDefault();
    onWeights(sharesAt(point.map((v, d) => v + step[event.key][d])));
  };
  return (
    <svg
      ref={svg}
      class="al-simplex"
      viewBox={`-40 -24 ${SIDE + 80} ${HEIGHT + 52}`}
      tabindex={0}
      role="application"
      aria-roledescription="triangle of weights"
      aria-label={`${labels.map((l, i) => `${l} ${number(weights[i])}`).join(", ")}. Arrow keys move the point.`}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        svg.current.setPointerCapture(event.pointerId);
        held.current = true;
        follow(event);
      }}
      onPointerMove={(event) => held.current && follow(event)}
      onPointerUp={() => (held.current = false)}
      onPointerCancel={() => (held.current = false)}
    >
      <polygon points={CORNERS.map((c) => c.join()).join(" ")} />
      {CORNERS.map(([x, y], i) => (
        <g>
          <line x1={x} y1={y} x2={point[0]} y2={point[1]} opacity={0.15 + 0.85 * weights[i]} />
          <text x={x} y={i ? y + 20 : y - 9} text-anchor="middle">
            {labels[i]}
          </text>
        </g>
      ))}
      <circle cx={point[0]} cy={point[1]} r={8} />
    </svg>
  );
}

export function Bars({ s, weights, labels }) {
  const { scores, temperature } = s;
  const change = (i, value) => (scores.value = scores.value.map((v, n) => (n === i ? value : v)));
  const bits = entropy(weights.value);
  // Many scores give the same weights; this keeps their mean where it was.
  const toScores = (wanted) => {
    const logs = wanted.map((w) => Math.log(w) * temperature.value);
    const mean = (row) => row.reduce((a, b) => a + b, 0) / row.length;
    const offset = mean(scores.value) - mean(logs);
    scores.value = logs.map((v) => round(Math.max(-1000, Math.min(1000, v + offset)), 4));
  };
  return (
    <div class="al-row">
      <div class="al-main">
        <ul class="al-lab-bars">
          {labels.map((label, i) => (
            <ScoreRow
              label={label}
              score={scores.value[i]}
              weight={weights.value[i]}
              onChange={(value) => change(i, value)}
            />
          ))}
        </ul>
        <div class="al-controls">
          <label class="al-field">
            <span>temperature</span>
            <input
              type="range"
              min={Math.log(COOLEST)}
              max={Math.log(HOTTEST)}
              step={0.01}
              value={Math.log(temperature.value)}
              aria-valuetext={number(temperature.value)}
              onInput={(event) =>
                (temperature.value = round(Math.exp(Number(event.currentTarget.value)), 3))
              }
            />
            <strong>{number(temperature.value)}</strong>
          </label>
          <button type="button" onClick={() => (temperature.value = 1)}>
            temperature 1
          </button>
          <button
            type="button"
            onClick={() => (scores.value = scores.value.map((v) => round(v + 1, 4)))}
          >
            add 1 to all
          </button>
        </div>
        <p class="al-reading">
          Entropy <strong>{number(bits)} bits</strong>: as undecided as{" "}
          <strong>{number(2 ** bits, 1)}</strong> equal choices of {labels.length}.
        </p>
      </div>
      {labels.length === 3 && (
        <Simplex labels={labels} weights={weights.value} onWeights={toScores} />
      )}
    </div>
  );
}
