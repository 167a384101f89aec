// What a head hands over: weights times values, added to the embedding; and maps of low rank.
import { computed, signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { number, round } from "../core/format.js";
import * as mathematics from "../core/mathematics.js";
import { Challenges } from "../parts/Challenges.jsx";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { LARGEST } from "../parts/MatrixEditor.jsx";
import { SentenceBox, readSentence } from "../parts/SentenceBox.jsx";
import { Tabs } from "../parts/Tabs.jsx";
import { Mix } from "../parts/mixer/Mix.jsx";
import { CUTS, Rank, compress } from "../parts/mixer/Rank.jsx";
import { useFigureState } from "../parts/useFigureState.js";

const STATE = [
  ...["view", "sentence", "query", "shares", "w_v", "w_o", "residual", "across", "up"],
  ...["map", "rank", "cut"],
];
const NAMES = { mix: "Mix and add", rank: "Value down, value up" };
const CLAIMS = {
  mix: "Drag a value’s arrow, or a weight. The mixture stays inside the hull of the values; w_o moves both together.",
  rank: "Lower the rank. Fewer numbers are stored, and the map is no longer the same.",
};
const SUM_TOLERANCE = 1e-4;

function graph(s, model) {
  const [vocabulary, head] = [model.get("vocabulary"), model.get("head")];
  const words = computed(() => s.sentence.value.split(" "));
  const x = computed(() => words.value.map((word) => vocabulary[word]));
  const ofHead = computed(() => {
    const q = mathematics.matmul([x.value[s.query.value]], head.w_q);
    const k = mathematics.matmul(x.value, head.w_k);
    const [scores] = mathematics.scores(q, k, 1 / Math.sqrt(head.w_q[0].length));
    return mathematics.softmax(scores);
  });
  const weights = computed(() => s.shares.value ?? ofHead.value);
  const values = computed(() => mathematics.matmul(x.value, s.w_v.value));
  const mixed = computed(() => mathematics.matmul([weights.value], values.value)[0]);
  const delta = computed(() => mathematics.matmul([mixed.value], s.w_o.value)[0]);
  const after = computed(() =>
    delta.value.map((v, a) => v + (s.residual.value ? x.value[s.query.value][a] : 0)),
  );
  return { words, x, ofHead, weights, values, mixed, delta, after, ...rankGraph(s, model) };
}

/** The view "rank": one decomposition serves every rank and both cuts. */
function rankGraph(s, model) {
  const full = computed(() => model.get("maps")[s.map.value]);
  const svd = computed(() => mathematics.singularVectors(full.value));
  const ranks = computed(() =>
    Array.from({ length: full.value.length + 1 }, (_, rank) =>
      compress(full.value, svd.value, rank, s.cut.value),
    ),
  );
  return { full, ranks, compressed: computed(() => ranks.value[s.rank.value]) };
}

const isMatrix = (value, like) =>
  Array.isArray(value) &&
  value.length === like.length &&
  value.every(
    (row) =>
      Array.isArray(row) &&
      row.length === like[0].length &&
      row.every((v) => typeof v === "number" && Number.isFinite(v) && Math.abs(v) <= LARGEST),
  );

const isShares = (value, n) =>
  value === null ||
  (Array.isArray(value) &&
    value.length === n &&
    value.every((v) => typeof v === "number" && v >= 0) &&
    Math.abs(value.reduce((a, b) => a + b, 0) - 1) < SUM_TOLERANCE);

/** What a link holds, checked field by field. */
function readState(raw, start, model) {
  const [vocabulary, axes] = [model.get("vocabulary"), model.get("axes")];
  if (typeof raw.sentence !== "string") throw new Error("it holds no sentence");
  const words = readSentence(raw.sentence, vocabulary);
  if (words instanceof Error) throw words;
  const inside = (v, n) => Number.isInteger(v) && v >= 0 && v < n;
  const checks = {
    view: (v) => model.get("views").includes(v),
    query: (v) => inside(v, words.length),
    shares: (v) => isShares(v, words.length),
    w_v: (v) => isMatrix(v, start.w_v),
    w_o: (v) => isMatrix(v, start.w_o),
    residual: (v) => typeof v === "boolean",
    across: (v) => axes.includes(v),
    up: (v) => axes.includes(v),
    map: (v) => Object.keys(model.get("maps")).includes(v),
    rank: (v) => inside(v, axes.length + 1),
    cut: (v) => Object.keys(CUTS).includes(v),
  };
  for (const [name, check] of Object.entries(checks))
    if (!check(raw[name])) throw new Error(`its ${name} does not fit this figure`);
  const state = Object.fromEntries(STATE.map((name) => [name, raw[name]]));
  return { ...state, sentence: words.join(" ") };
}

const python = (matrix) => `np.array(${JSON.stringify(matrix)}, dtype=float)`;

function mixSnippet(s) {
  const weights = s.shares.value
    ? [`weights = np.array(${JSON.stringify(s.shares.value)}, dtype=float)`]
    : [
        'head = PHRASES.head("nouns look for adjectives")',
        `weights = head.trace(x).weights[${s.query.value}]`,
      ];
  return [
    "import numpy as np",
    "from attnlib.world import PHRASES",
    "",
    `x = PHRASES.embed(${JSON.stringify(s.sentence.value)})`,
    ...weights,
    `w_v = ${python(s.w_v.value)}`,
    `w_o = ${python(s.w_o.value)}`,
    "delta = weights @ (x @ w_v) @ w_o",
    s.residual.value ? `print((x[${s.query.value}] + delta).round(2))` : "print(delta.round(2))",
  ].join("\n");
}

function rankSnippet(s, full) {
  const first = [`down, up = full[:, :${s.rank.value}], np.eye(len(full))[:${s.rank.value}]`];
  const best = [
    "u, singular, v = np.linalg.svd(full)",
    `down, up = u[:, :${s.rank.value}] * singular[:${s.rank.value}], v[:${s.rank.value}]`,
  ];
  return [
    "import numpy as np",
    "",
    `full = ${python(full)}`,
    ...(s.cut.value === "svd" ? best : first),
    "print(np.linalg.norm(full - down @ up).round(3))",
  ].join("\n");
}

const NEEDS = {
  sentence: (sentence) => `“${sentence}”`,
  residual: (on) => `the residual ${on ? "on" : "off"}`,
  map: (map) => `the map “${map}”`,
  w_o: () => "w_o as it was",
};
const MEASURES = {
  delta: {
    label: ({ axis }) => `delta on ${axis}`,
    of: ({ axis }, { g, axes }) => g.delta.value[axes.indexOf(axis)],
  },
  after: {
    label: ({ axis }) => `after, on ${axis}`,
    of: ({ axis }, { g, axes }) => g.after.value[axes.indexOf(axis)],
  },
  weight: {
    label: ({ word }) => `weight of ${word}`,
    of: ({ word }, { g }) => g.weights.value[g.words.value.indexOf(word)] ?? null,
  },
  touched: {
    label: () => "largest change of a weight",
    of: (_, { g }) =>
      Math.max(...g.weights.value.map((weight, i) => Math.abs(weight - g.ofHead.value[i]))),
  },
  reach: {
    label: () => "length of the longest value",
    of: (_, { g }) => Math.max(...g.values.value.map(mathematics.length)),
  },
  error: {
    label: () => "error",
    of: (_, { g }) => g.compressed.value.error,
  },
  stored: { label: () => "numbers stored", of: (_, { s, axes }) => 2 * axes.length * s.rank.value },
};

export function ValueMixer({ model }) {
  const voice = useVoice();
  const [axes, views, maps] = [model.get("axes"), model.get("views"), model.get("maps")];
  const { s, g, start, put, linkState, reset } = useFigureState({
    model,
    voice,
    names: STATE,
    derive: (signals) => graph(signals, model),
    read: (raw, start) => readState(raw, start, model),
  });
  const held = useMemo(() => {
    const weights = g.weights.peek();
    return signal(weights.indexOf(Math.max(...weights)));
  }, []);
  const moveValue = (token, target) => {
    const next = mathematics.moveProjection(s.w_v.value, g.x.value[token], target);
    if (!isMatrix(next, s.w_v.value))
      return voice.tell(`That takes a w_v outside −${LARGEST} to ${LARGEST}. It was kept.`, true);
    s.w_v.value = next.map((row) => row.map((v) => round(v, 4)));
    const word = g.words.value[token];
    voice.speakAtRest(() => {
      const [a, b] = g.mixed.value;
      return `value of ${word} moved; mixed ${number(a)}, ${number(b)}`;
    });
  };
  const changeSentence = (sentence) => put({ sentence, shares: null, query: 0 });
  return (
    <Figure
      figure="ValueMixer"
      model={model}
      voice={voice}
      title={model.get("title")}
      claim={CLAIMS[s.view.value]}
      snippet={() => (s.view.value === "mix" ? mixSnippet(s) : rankSnippet(s, g.full.value))}
      linkState={linkState}
      reset={reset}
      values={() => ({
        ...Object.fromEntries(
          ["weights", "values", "mixed", "delta", "after"].map((name) => [name, g[name].value]),
        ),
        compressed: g.compressed.value,
      })}
      after={
        <Challenges
          {...{ model, s, start, put, voice }}
          among={({ given }) => (given?.view ?? s.view.value) === s.view.value}
          needs={{
            ...NEEDS,
            query: (i, { sentence = s.sentence.value }) =>
              `${sentence.split(" ")[i] ?? "another word"} to ask`,
          }}
          measure={(condition) => MEASURES[condition.measure].of(condition, { g, s, axes })}
          name={(condition) => MEASURES[condition.measure].label(condition)}
        />
      }
    >
      <Tabs views={views} names={NAMES} view={s.view} />
      {s.view.value === "mix" ? (
        <>
          <SentenceBox
            sentence={s.sentence.value}
            sentences={model.get("sentences")}
            vocabulary={model.get("vocabulary")}
            voice={voice}
            onChange={changeSentence}
          />
          <Mix {...{ s, g, axes, held, moveValue, voice }} presets={model.get("presets")} />
        </>
      ) : (
        <Rank s={s} g={g} maps={maps} axes={axes} />
      )}
    </Figure>
  );
}
