// Softmax, from four sides: scores as bars, which axis, overflow, and saturation.
import { computed } from "@preact/signals";
import { list, number } from "../core/format.js";
import * as mathematics from "../core/mathematics.js";
import { Challenges } from "../parts/Challenges.jsx";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { AXES, Axis, alongAxis } from "../parts/softmax/Axis.jsx";
import { Bars, COOLEST, HOTTEST } from "../parts/softmax/Bars.jsx";
import { FARTHEST, Overflow } from "../parts/softmax/Overflow.jsx";
import * as saturation from "../parts/softmax/Saturation.jsx";
import { Tabs } from "../parts/Tabs.jsx";
import { useFigureState } from "../parts/useFigureState.js";

const STATE = ["view", "scores", "temperature", "grid", "axis", "shift", "d_head", "seed"];
const NAMES = {
  bars: "Scores and weights",
  axis: "Which axis?",
  overflow: "Overflow",
  saturation: "Saturation",
};
const MEASURES = {
  entropy: "entropy, in bits",
  temperature: "temperature",
  median: "median of the largest weights, not divided",
  dead: "share of dead rows, not divided",
};

const NEEDS = {
  scores: (scores) => `the scores ${list(scores.map((score) => number(score, 0)))}`,
  temperature: (temperature) => `a temperature of ${number(temperature, 0)}`,
};

const tempered = (scores, temperature) =>
  mathematics.softmax(scores.map((score) => score / temperature));

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
    lines.push(`q = normals(${saturation.N_QUERIES}, ${width}, ${seed})`);
    lines.push(`k = normals(${saturation.N_KEYS}, ${width}, ${seed + saturation.KEYS_APART})`);
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
    shift: (v) => bounded(v, -FARTHEST, FARTHEST),
    d_head: (v) => saturation.WIDTHS.includes(v),
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
      raw: computed(() => saturation.randomScores(signals.d_head.value, signals.seed.value)),
    }),
    read: (raw, start) => readState(raw, start, views),
  });
  const { weights, raw } = g;
  const measured = {
    weight: ({ label }) => weights.value[labels.indexOf(label)] ?? null,
    entropy: () => mathematics.entropy(weights.value),
    temperature: () => s.temperature.value,
    median: () => saturation.saturate(raw.value, 1).median,
    dead: () => saturation.saturate(raw.value, 1).dead,
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
          {...{ model, s, start, put, voice }}
          measure={(condition) => measured[condition.measure](condition)}
          name={({ measure, label }) => (label ? `weight of ${label}` : MEASURES[measure])}
          needs={NEEDS}
        />
      }
    >
      <Tabs views={views} names={NAMES} view={s.view} />
      <div data-picture>
        {s.view.value === "bars" && <Bars s={s} weights={weights} labels={labels} />}
        {s.view.value === "axis" && <Axis s={s} voice={voice} />}
        {s.view.value === "overflow" && <Overflow s={s} labels={labels} />}
        {s.view.value === "saturation" && <saturation.Saturation s={s} raw={raw} />}
      </div>
    </Figure>
  );
}
