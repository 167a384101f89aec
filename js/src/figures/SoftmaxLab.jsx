// Softmax, from four sides: scores as bars, which axis, overflow, and saturation.
import { computed } from "@preact/signals";
import { useRef } from "preact/hooks";
import { number, round, short } from "../core/format.js";
import * as mathematics from "../core/mathematics.js";
import { Challenges } from "../parts/Challenges.jsx";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { MatrixEditor } from "../parts/MatrixEditor.jsx";
import { weightFill } from "../parts/PatternGrid.jsx";
import { useFigureState } from "../parts/useFigureState.js";

const STATE = ["view", "scores", "temperature", "grid", "axis", "shift", "d_head", "seed"];
const NAMES = {
  bars: "Scores and weights",
  axis: "Which axis?",
  overflow: "Overflow",
  saturation: "Saturation",
};
const AXES = { rows: "along each row", columns: "down each column", all: "over all numbers" };
const MEASURES = {
  entropy: "entropy, in bits",
  temperature: "temperature",
  median: "median of the largest weights, not divided",
  dead: "share of dead rows, not divided",
};
const WIDTHS = [4, 16, 64, 128, 512];
const REACH = 6; // scores on the bars run from -6 to 6
const COOLEST = 0.05;
const HOTTEST = 20;
const N_KEYS = 64;
const N_QUERIES = 200;
const KEYS_APART = 1e6; // between the seeds of queries and of keys
const DEAD = 0.01;
const BINS = 20;

const tempered = (scores, temperature) =>
  mathematics.softmax(scores.map((score) => score / temperature));

/** Weights of `grid` by softmax along one axis, or over all its numbers at once. */
export function alongAxis(grid, axis) {
  if (axis === "rows") return grid.map(mathematics.softmax);
  if (axis === "columns") {
    const columns = grid[0].map((_, j) => mathematics.softmax(grid.map((row) => row[j])));
    return grid.map((row, i) => row.map((_, j) => columns[j][i]));
  }
  const flat = mathematics.softmax(grid.flat());
  return grid.map((row, i) => row.map((_, j) => flat[i * row.length + j]));
}

/** Dot products of a random head, before any division: entries from a standard normal. */
export function randomScores(d_head, seed) {
  const q = mathematics.normalMatrix(N_QUERIES, d_head, seed);
  const k = mathematics.normalMatrix(N_KEYS, d_head, seed + KEYS_APART);
  return mathematics.scores(q, k, 1);
}

/** What becomes of the rows: their top weights, the median of these, the share of dead rows. */
export function saturate(scores, scale) {
  const weights = scores.map((row) => mathematics.softmax(row.map((score) => score * scale)));
  const tops = weights.map((row) => Math.max(...row));
  const dead = tops.filter((top) => top * (1 - top) < DEAD).length / tops.length;
  return { tops, median: mathematics.median(tops), dead };
}

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
export function sharesAt([x, y]) {
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

function Bars({ s, weights, labels }) {
  const { scores, temperature } = s;
  const change = (i, value) => (scores.value = scores.value.map((v, n) => (n === i ? value : v)));
  const bits = mathematics.entropy(weights.value);
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

function Axis({ s, voice }) {
  const { grid, axis } = s;
  const weights = alongAxis(grid.value, axis.value);
  const sum = (row) => row.reduce((a, b) => a + b, 0);
  const columns = weights[0].map((_, j) => sum(weights.map((row) => row[j])));
  const names = grid.value.map((_, i) => `query ${i + 1}`);
  return (
    <div class="al-row">
      <MatrixEditor
        name="scores"
        kind="score"
        matrix={grid.value}
        rowLabels={names}
        voice={voice}
        onChange={(next) => (grid.value = next)}
      />
      <div class="al-matrix">
        <table aria-label="weights">
          <caption>weights: softmax {AXES[axis.value]}</caption>
          <thead>
            <tr>
              <td class="al-corner" />
              {columns.map((_, j) => (
                <th scope="col">key {j + 1}</th>
              ))}
              <th scope="col">sum</th>
            </tr>
          </thead>
          <tbody>
            {weights.map((row, i) => (
              <tr>
                <th scope="row">{names[i]}</th>
                {row.map((w) => (
                  <td class="al-cell" style={{ background: weightFill(w) }}>
                    {number(w)}
                  </td>
                ))}
                <td class="al-sum">{number(sum(row))}</td>
              </tr>
            ))}
            <tr>
              <th scope="row">sum</th>
              {columns.map((total) => (
                <td class="al-sum">{number(total)}</td>
              ))}
              <td class="al-sum">{number(sum(columns))}</td>
            </tr>
          </tbody>
        </table>
        <label class="al-field al-under">
          <span>softmax</span>
          <select value={axis.value} onChange={(event) => (axis.value = event.currentTarget.value)}>
            {Object.entries(AXES).map(([name, text]) => (
              <option value={name}>{text}</option>
            ))}
          </select>
        </label>
      </div>
    </div>
  );
}

function Overflow({ s, labels }) {
  const { shift } = s;
  const scores = s.scores.value.map((score) => Math.fround(score + shift.value));
  const naive = mathematics.naiveSoftmax32(scores);
  const top = Math.max(...scores);
  const stable = mathematics.naiveSoftmax32(scores.map((score) => Math.fround(score - top)));
  const power = (value) => (value >= 1e5 ? value.toExponential(1) : number(value, 3));
  const shown = (value) => (value === Infinity ? "∞" : power(value));
  const broken = naive.weights.some(Number.isNaN);
  return (
    <div>
      <label class="al-field">
        <span>add to every score</span>
        <input
          type="range"
          min={-150}
          max={150}
          step={1}
          value={shift.value}
          aria-valuetext={short(shift.value)}
          onInput={(event) => (shift.value = Number(event.currentTarget.value))}
        />
        <strong>{short(shift.value)}</strong>
      </label>
      <div class="al-scroll">
        <table class="al-numbers">
          <caption>in float32, whose largest number is about 3.4e+38</caption>
          <thead>
            <tr>
              <th scope="col">key</th>
              <th scope="col">score</th>
              <th scope="col">e to the score</th>
              <th scope="col">naive weight</th>
              <th scope="col">score − largest</th>
              <th scope="col">e to that</th>
              <th scope="col">stable weight</th>
            </tr>
          </thead>
          <tbody>
            {labels.map((label, i) => (
              <tr>
                <th scope="row">{label}</th>
                <td>{number(scores[i])}</td>
                <td>{shown(naive.powers[i])}</td>
                <td class={Number.isNaN(naive.weights[i]) ? "al-broken" : ""}>
                  {number(naive.weights[i], 3)}
                </td>
                <td>{number(scores[i] - top)}</td>
                <td>{shown(stable.powers[i])}</td>
                <td>{number(stable.weights[i], 3)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="al-reading" role="status">
        {broken
          ? "The naive formula has broken: it divides infinity by infinity, or zero by zero."
          : "Both formulas still agree."}
      </p>
    </div>
  );
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

function Saturation({ s, raw }) {
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

function Tabs({ views, s }) {
  if (views.length < 2) return null;
  const go = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = (views.indexOf(s.view.value) + step + views.length) % views.length;
    s.view.value = views[next];
    event.currentTarget.children[next].focus();
  };
  return (
    <div class="al-tabs" role="tablist" aria-label="Views" onKeyDown={go} data-not-in-picture>
      {views.map((view) => (
        <button
          type="button"
          role="tab"
          aria-selected={s.view.value === view}
          tabIndex={s.view.value === view ? 0 : -1}
          onClick={() => (s.view.value = view)}
        >
          {NAMES[view]}
        </button>
      ))}
    </div>
  );
}

function snippet(s) {
  const lines = ["import numpy as np", "import attnlib as al", ""];
  if (s.view.value === "axis") {
    const axis = { rows: ", axis=-1", columns: ", axis=-2" }[s.axis.value];
    lines.push(`scores = np.array(${JSON.stringify(s.grid.value)}, dtype=float)`);
    lines.push(
      axis
        ? `print(al.softmax(scores${axis}).round(3))`
        : "print(al.softmax(scores.ravel()).reshape(scores.shape).round(3))",
    );
  } else if (s.view.value === "saturation") {
    const [width, seed] = [s.d_head.value, s.seed.value];
    lines.splice(2, 0, "from attnlib.figures.seeded import normals");
    lines.push(`q = normals(${N_QUERIES}, ${width}, ${seed})`);
    lines.push(`k = normals(${N_KEYS}, ${width}, ${seed + KEYS_APART})`);
    lines.push("for scale in (1.0, None):");
    lines.push("    top = al.softmax(al.scores(q, k, scale=scale)).max(axis=-1)");
    lines.push("    print(np.median(top).round(3))");
  } else {
    lines.push(
      `scores = np.array([${s.scores.value.join(", ")}], dtype=float)` +
        (s.view.value === "overflow" ? ` + ${s.shift.value}` : ""),
    );
    const temperature = s.view.value === "bars" ? s.temperature.value : 1;
    lines.push(
      `print(al.softmax(scores${temperature === 1 ? "" : `, temperature=${temperature}`}).round(3))`,
    );
  }
  return lines.join("\n");
}

const bounded = (value, low, high) =>
  typeof value === "number" && Number.isFinite(value) && value >= low && value <= high;

/** What a link holds, checked field by field; what does not fit is refused with a word. */
function readState(raw, start, views) {
  const row = (value, like) =>
    Array.isArray(value) &&
    value.length === like.length &&
    value.every((v) => bounded(v, -1e3, 1e3));
  const checks = {
    view: (v) => views.includes(v),
    scores: (v) => row(v, start.scores),
    temperature: (v) => bounded(v, COOLEST, HOTTEST),
    grid: (v) =>
      Array.isArray(v) && v.length === start.grid.length && v.every((r) => row(r, start.grid[0])),
    axis: (v) => Object.keys(AXES).includes(v),
    shift: (v) => bounded(v, -150, 150),
    d_head: (v) => WIDTHS.includes(v),
    seed: (v) => Number.isInteger(v) && bounded(v, 0, 1e6),
  };
  for (const name of STATE)
    if (!checks[name](raw[name])) throw new Error(`its ${name} does not fit this figure`);
  return Object.fromEntries(STATE.map((name) => [name, raw[name]]));
}

export function SoftmaxLab({ model }) {
  const voice = useVoice();
  const [labels, views] = [model.get("labels"), model.get("views")];
  const { s, g, start, put, linkState, reset } = useFigureState({
    model,
    voice,
    names: STATE,
    derive: (signals) => ({
      weights: computed(() => tempered(signals.scores.value, signals.temperature.value)),
      raw: computed(() => randomScores(signals.d_head.value, signals.seed.value)),
    }),
    read: (raw, start) => readState(raw, start, views),
  });
  const { weights, raw } = g;
  const measured = {
    weight: ({ label }) => weights.value[labels.indexOf(label)] ?? null,
    entropy: () => mathematics.entropy(weights.value),
    temperature: () => s.temperature.value,
    median: () => saturate(raw.value, 1).median,
    dead: () => saturate(raw.value, 1).dead,
  };
  return (
    <Figure
      figure="SoftmaxLab"
      model={model}
      voice={voice}
      title={model.get("title")}
      claim={model.get("claim")}
      snippet={() => snippet(s)}
      linkState={linkState}
      reset={reset}
      values={() => ({
        weights: weights.value,
        axisWeights: alongAxis(s.grid.value, s.axis.value),
        entropy: mathematics.entropy(weights.value),
        raw: s.view.value === "saturation" ? raw.value : null,
      })}
      after={
        <Challenges
          figureKey={model.get("key")}
          challenges={model.get("challenges")}
          measure={(condition) => measured[condition.measure](condition)}
          name={({ measure, label }) => (label ? `weight of ${label}` : MEASURES[measure])}
          voice={voice}
          onStart={() => put(start)}
        />
      }
    >
      <Tabs views={views} s={s} />
      <div data-picture>
        {s.view.value === "bars" && <Bars s={s} weights={weights} labels={labels} />}
        {s.view.value === "axis" && <Axis s={s} voice={voice} />}
        {s.view.value === "overflow" && <Overflow s={s} labels={labels} />}
        {s.view.value === "saturation" && <Saturation s={s} raw={raw} />}
      </div>
    </Figure>
  );
}
