// Scores as bars, weights beside them; with three keys the weights are also a point in a triangle.
import { computed, effect } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { number, round } from "../../core/format.js";
import { entropy } from "../../core/mathematics.js";
import { write } from "../../core/write.js";
import { FingerHint } from "../FingerHint.jsx";
import { Meter, barOf } from "../Meter.jsx";
import { Slider } from "../Slider.jsx";
import { Steady } from "../Steady.jsx";
import { useDrag } from "../useDrag.js";
import { useName } from "../useName.js";

const REACH = 6; // scores on the bars run from -6 to 6
export const COOLEST = 0.05;
export const HOTTEST = 20;

const inside = (value) => Math.max(-REACH, Math.min(REACH, value));
const at = (value) => (inside(value) + REACH) / (2 * REACH); // of the track

/** How row `i` looks, as signals. A link may hold a score beyond the track: it is drawn at its end. */
function looksOf(i, scores, weights) {
  const score = computed(() => scores.value[i]);
  const scoreText = computed(() => number(score.value));
  return {
    score,
    scoreText,
    weightText: computed(() => number(weights.value[i], 3)),
    told: computed(() => `${scoreText.value}, weight ${number(weights.value[i])}`),
    track: computed(() => {
      const knob = at(score.value);
      return [
        { ends: [at(0), knob], kind: barOf(score.value) },
        { ends: [knob, knob], kind: "al-knob" },
      ];
    }),
    share: computed(() => [{ ends: [0, weights.value[i]], kind: "al-weight" }]),
  };
}

/** `scores` and `weights` are signals; this is their row `i`. */
function ScoreRow({ label, i, scores, weights, onChange }) {
  const track = useRef(null);
  const looks = useMemo(() => looksOf(i, scores, weights), []);
  const set = (value) => onChange(round(inside(value), 2));
  const follow = (event) => {
    const box = track.current.getBoundingClientRect();
    set(Math.round(((event.clientX - box.left) / box.width) * 2 * REACH * 10 - REACH * 10) / 10);
  };
  const drag = useDrag(track, {
    grab: () => true,
    onStart: (_, event) => follow(event),
    onMove: (_, event) => follow(event),
  });
  const onKeyDown = (event) => {
    const steps = { ArrowRight: 0.1, ArrowUp: 0.1, "+": 0.1, "=": 0.1 };
    const back = { ArrowLeft: -0.1, ArrowDown: -0.1, "-": -0.1, PageUp: 1, PageDown: -1 };
    const step = { ...steps, ...back }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    set(looks.score.peek() + step);
  };
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
        aria-valuenow={looks.score}
        aria-valuetext={looks.told}
        onKeyDown={onKeyDown}
        {...drag}
      >
        <span class="al-track-zero" />
        <Meter bars={looks.track} />
      </span>
      <span class="al-lab-number">
        <Steady text={looks.scoreText} />
      </span>
      <Meter class="al-share" bars={looks.share} />
      <span class="al-lab-number al-strong-number">
        <Steady text={looks.weightText} />
      </span>
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

const BREADTH = 10; // of the spoke of a weight of 1
const THINNEST = 1;

/** The `points` of a spoke from a corner to the point; as broad as the weight. */
function spoke([x1, y1], [x2, y2], weight) {
  const half = Math.max(THINNEST, BREADTH * weight) / 2;
  const far = Math.hypot(x2 - x1, y2 - y1) || 1;
  const [dx, dy] = [((y1 - y2) / far) * half, ((x2 - x1) / far) * half];
  return `${x1 + dx},${y1 + dy} ${x2 + dx},${y2 + dy} ${x2 - dx},${y2 - dy} ${x1 - dx},${y1 - dy}`;
}

function useSimplexDrawing(svg, weights, point) {
  useLayoutEffect(() => {
    const spokes = svg.current.querySelectorAll(".al-spoke");
    const dot = svg.current.querySelector("line");
    return effect(() => {
      const [x, y] = point.value;
      spokes.forEach((one, i) =>
        write(one, { points: spoke(CORNERS[i], [x, y], weights.value[i]) }),
      );
      write(dot, { x1: x, y1: y, x2: x, y2: y });
    });
  }, []);
}

function Simplex({ labels, weights, onWeights }) {
  const svg = useRef(null);
  const [point, name] = useMemo(() => {
    const along = (d) => weights.value.reduce((sum, w, i) => sum + w * CORNERS[i][d], 0);
    const told = () => labels.map((label, i) => `${label} ${number(weights.value[i])}`).join(", ");
    return [
      computed(() => [along(0), along(1)]),
      computed(() => `${told()}. Arrow keys move the point.`),
    ];
  }, []);
  useName(svg, name);
  useSimplexDrawing(svg, weights, point);
  const follow = (event) => {
    const box = svg.current.getBoundingClientRect();
    const scale = (SIDE + 80) / box.width;
    onWeights(
      sharesAt([(event.clientX - box.left) * scale - 40, (event.clientY - box.top) * scale - 24]),
    );
  };
  const drag = useDrag(svg, {
    holds: true,
    grab: () => true,
    onStart: (_, event) => follow(event),
    onMove: (_, event) => follow(event),
  });
  const onKeyDown = (event) => {
    const step = { ArrowLeft: [-4, 0], ArrowRight: [4, 0], ArrowUp: [0, -4], ArrowDown: [0, 4] };
    if (!(event.key in step)) return;
    event.preventDefault();
    onWeights(sharesAt(point.peek().map((v, d) => v + step[event.key][d])));
  };
  return (
    <div class="al-simplex">
      <svg
        ref={svg}
        viewBox={`-40 -24 ${SIDE + 80} ${HEIGHT + 52}`}
        tabindex={0}
        role="application"
        aria-roledescription="triangle of weights"
        onKeyDown={onKeyDown}
        {...drag}
      >
        <polygon points={CORNERS.map((c) => c.join()).join(" ")} />
        {CORNERS.map(([x, y], i) => (
          <g>
            <polygon class="al-spoke" />
            <text x={x} y={i ? y + 20 : y - 9} text-anchor="middle">
              {labels[i]}
            </text>
          </g>
        ))}
        <line />
      </svg>
      <FingerHint />
    </div>
  );
}

function Temperature({ temperature }) {
  const [position, text] = useMemo(
    () => [computed(() => Math.log(temperature.value)), computed(() => number(temperature.value))],
    [],
  );
  return (
    <label class="al-field">
      <span>temperature</span>
      <Slider
        min={Math.log(COOLEST)}
        max={Math.log(HOTTEST)}
        step={0.01}
        value={position}
        aria-valuetext={text}
        onInput={(event) =>
          (temperature.value = round(Math.exp(Number(event.currentTarget.value)), 3))
        }
      />
      <strong>
        <Steady text={text} />
      </strong>
    </label>
  );
}

function Entropy({ weights, n }) {
  const [bits, choices] = useMemo(() => {
    const all = computed(() => entropy(weights.value));
    return [computed(() => number(all.value)), computed(() => number(2 ** all.value, 1))];
  }, []);
  return (
    <p class="al-reading">
      Entropy{" "}
      <strong>
        <Steady text={bits} /> bits
      </strong>
      : as undecided as{" "}
      <strong>
        <Steady text={choices} />
      </strong>{" "}
      equal choices of {n}.
    </p>
  );
}

export function Bars({ s, weights, labels }) {
  const { scores, temperature } = s;
  const change = (i, value) => (scores.value = scores.value.map((v, n) => (n === i ? value : v)));
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
              i={i}
              scores={scores}
              weights={weights}
              onChange={(value) => change(i, value)}
            />
          ))}
        </ul>
        <div class="al-controls">
          <Temperature temperature={temperature} />
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
        <Entropy weights={weights} n={labels.length} />
      </div>
      {labels.length === 3 && <Simplex labels={labels} weights={weights} onWeights={toScores} />}
    </div>
  );
}
