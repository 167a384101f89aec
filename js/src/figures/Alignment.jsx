// Cross-attention: the queries of one text, the keys and values of another.
import { computed } from "@preact/signals";
import { distinct, list, number } from "../core/format.js";
import * as mathematics from "../core/mathematics.js";
import { Challenges } from "../parts/Challenges.jsx";
import { Choice } from "../parts/Choice.jsx";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { MaskGrid } from "../parts/MaskGrid.jsx";
import { describeCell } from "../parts/Grid.jsx";
import { readSentence } from "../parts/SentenceBox.jsx";
import { Switch } from "../parts/Switch.jsx";
import { Received, mostRead } from "../parts/alignment/Received.jsx";
import { Ribbons } from "../parts/alignment/Ribbons.jsx";
import { Texts } from "../parts/alignment/Texts.jsx";
import { Why } from "../parts/alignment/Why.jsx";
import { useFigureState } from "../parts/useFigureState.js";

const STATE = [
  ...["asks", "answers", "padding", "hidden", "causal", "values"],
  ...["query", "selected", "orientation"],
];
const PAD = "<pad>";
const PADDINGS = ["none", 1, 2, 3, 4];
const ORIENTATIONS = { rows: "rows", columns: "columns (3Blue1Brown)" };
const VALUES = { answers: "the text that answers", asks: "the text that asks (a mistake)" };
const { matmul } = mathematics;

/** The word of `words` that is nearest to each row, with its cosine. */
function nearest(rows, words, vocabulary) {
  return rows.map((row) => {
    const found = words.map((word) => mathematics.cosine(row, vocabulary[word]));
    const best = Math.max(...found);
    return [words[found.indexOf(best)], best];
  });
}

/** Scores with what the mask hides at minus infinity, and their weights. */
function pattern(g, scale) {
  const scores = computed(() =>
    mathematics
      .scores(g.q.value, g.k.value, scale)
      .map((row, i) => row.map((score, j) => (g.keep.value[i][j] ? score : -Infinity))),
  );
  return { scores, weights: computed(() => scores.value.map(mathematics.softmax)) };
}

/** What is mixed and brought back; null where there is not one value for every key. */
function mixing(s, g, head, vocabulary) {
  const values = computed(() => {
    const source = s.values.value === "asks" ? g.x.value : g.y.value;
    return source.length === g.keys.value.length ? matmul(source, head.w_v) : null;
  });
  const outputs = computed(
    () => values.value && matmul(matmul(g.weights.value, values.value), head.w_o),
  );
  const words = computed(() => [...new Set([...s.answers.value.split(" "), ...g.queries.value])]);
  const received = computed(() => outputs.value && nearest(outputs.value, words.value, vocabulary));
  return { values, outputs, received };
}

function maskOf({ hidden, causal }, queries, keys) {
  return queries.map((_, i) =>
    keys.map((word, j) => !(hidden.value && word === PAD) && !(causal.value && j > i)),
  );
}

function graph(s, model) {
  const [vocabulary, head] = [model.get("vocabulary"), model.get("head")];
  const g = {
    queries: computed(() => s.asks.value.split(" ")),
    keys: computed(() => [...s.answers.value.split(" "), ...Array(s.padding.value).fill(PAD)]),
  };
  g.x = computed(() => g.queries.value.map((word) => vocabulary[word]));
  g.y = computed(() => g.keys.value.map((word) => vocabulary[word]));
  g.q = computed(() => matmul(g.x.value, head.w_q));
  g.k = computed(() => matmul(g.y.value, head.w_k));
  g.keep = computed(() => maskOf(s, g.queries.value, g.keys.value));
  Object.assign(g, pattern(g, 1 / Math.sqrt(head.w_q[0].length)));
  Object.assign(g, mixing(s, g, head, vocabulary));
  // A notebook sets one trait after the other: for a moment these may belong to longer texts.
  g.query = computed(() => Math.min(s.query.value, g.queries.value.length - 1));
  g.chosen = computed(() => {
    const [i, j] = s.selected.value ?? [Infinity];
    return i < g.queries.value.length && j < g.keys.value.length ? [i, j] : null;
  });
  const axes = model.get("axes");
  g.names = head.w_q[0].map((_, d) => axes[head.w_q.findIndex((row) => row[d] !== 0)]);
  g.padding = computed(() => shareOnPadding(g.weights.value, g.keys.value));
  return g;
}

function shareOnPadding(weights, keys) {
  const sum = (row) => row.reduce((a, b) => a + b, 0);
  const onPadding = weights.map((row) => sum(row.filter((_, j) => keys[j] === PAD)));
  return sum(onPadding) / sum(weights.map(sum));
}

/** What a link holds, checked field by field. */
function readState(raw, vocabulary) {
  const texts = ["asks", "answers"].map((name) => {
    if (typeof raw[name] !== "string") throw new Error(`it does not say which text ${name}`);
    const words = readSentence(raw[name], vocabulary);
    if (words instanceof Error) throw words;
    return words;
  });
  const inside = (v, n) => Number.isInteger(v) && v >= 0 && v < n;
  const keys = () => texts[1].length + raw.padding;
  const cell = (v) => v.length === 2 && inside(v[0], texts[0].length) && inside(v[1], keys());
  const checks = {
    padding: (v) => inside(v, PADDINGS.length),
    hidden: (v) => typeof v === "boolean",
    causal: (v) => typeof v === "boolean",
    values: (v) => Object.keys(VALUES).includes(v),
    query: (v) => inside(v, texts[0].length),
    selected: (v) => v === null || (Array.isArray(v) && cell(v)),
    orientation: (v) => Object.keys(ORIENTATIONS).includes(v),
  };
  for (const [name, fits] of Object.entries(checks))
    if (!fits(raw[name])) throw new Error(`its ${name} does not fit this figure`);
  const state = Object.fromEntries(STATE.map((name) => [name, raw[name]]));
  return { ...state, asks: texts[0].join(" "), answers: texts[1].join(" ") };
}

function snippet(s, g) {
  const python = (value) => (value ? "True" : "False");
  const mask = [`mask = np.ones((len(x), len(y)), dtype=bool)`];
  if (s.padding.value && s.hidden.value) mask.push(`mask[:, -${s.padding.value}:] = False`);
  if (s.causal.value) mask.push("mask &= np.tri(*mask.shape, dtype=bool)");
  const values = s.values.value === "asks" ? "x" : "y";
  return [
    "import numpy as np",
    "import attnlib as al",
    "from attnlib.world import PAIRS",
    "",
    `x = PAIRS.embed(${JSON.stringify(s.asks.value)})`,
    `y = PAIRS.embed(${JSON.stringify(g.keys.value.join(" "))})`,
    'head = PAIRS.head("find the same meaning")',
    ...mask,
    `q, k, v = x @ head.w_q, y @ head.w_k, ${values} @ head.w_v  # the values are of ${values}`,
    ...(g.values.value
      ? [
          "trace = al.trace_attention(q, k, v, mask)",
          "weights, delta = trace.weights, trace.output @ head.w_o",
        ]
      : [
          "weights = al.softmax(np.where(mask, al.scores(q, k), -np.inf))  # v has no row for each key",
        ]),
    "print(weights.round(2))",
  ].join("\n");
}

const NEEDS = {
  asks: (asks) => `“${asks}” to ask`,
  padding: (n) => `${n || "no"} padding tokens`,
  hidden: (on) => `“hide padding” ${on ? "on" : "off"}`,
  causal: (on) => `“hide later places” ${on ? "on" : "off"}`,
  values: (source) => `values of ${VALUES[source]}`,
};
const MEASURES = {
  padding: { label: () => "weight on padding", of: (_, g) => g.padding.value },
  second: {
    label: ({ word }) => `second-largest weight of ${word}`,
    of: ({ word }, g) => {
      const rows = g.weights.value.filter((_, i) => g.queries.value[i] === word);
      if (!rows.length || g.keys.value.length < 2) return null;
      return Math.max(...rows.map((row) => [...row].sort((a, b) => b - a)[1]));
    },
  },
  words: {
    label: () => "words that answer",
    of: (_, g) => g.keys.value.filter((word) => word !== PAD).length,
  },
  own: {
    label: () => "words that receive one of their own text",
    of: (_, g) =>
      g.received.value &&
      g.received.value.filter(([word]) => g.queries.value.includes(word)).length,
  },
};

function Switches({ s, g, voice }) {
  const box = (name, label, told) => (
    <Switch
      label={label}
      on={s[name].value}
      onChange={(on) => {
        s[name].value = on;
        voice.speak(told());
      }}
    />
  );
  const onPadding = () => `weight on padding: ${number(g.padding.value)}`;
  return (
    <div class="al-controls" data-not-in-picture>
      <Choice
        label="Padding tokens"
        value={String(s.padding.value)}
        choices={PADDINGS}
        onChange={(count) => {
          s.padding.value = Number(count);
          s.selected.value = g.chosen.value; // a cell that is gone does not come back
          voice.speak(onPadding());
        }}
      />
      {box("hidden", "hide padding from the queries", onPadding)}
      {box("causal", "hide later places (a mistake here)", () =>
        s.causal.value ? "keys at later places are hidden" : "no key is hidden by its place",
      )}
      <Choice
        label="Values come from"
        value={s.values.value}
        choices={VALUES}
        onChange={(value) => {
          s.values.value = value;
          voice.speak(g.values.value ? `values of ${VALUES[value]}` : misfit(g));
        }}
      />
    </div>
  );
}

/** Why nothing can be mixed. */
function misfit(g) {
  const [n, m] = [g.keys.value.length, g.queries.value.length];
  return `${n} weights in a row, one for each key, but ${m} values: they cannot be multiplied.`;
}

/** What the numbers above amount to, in a sentence. */
function Gauge({ s, g }) {
  const padded = s.padding.value > 0;
  return (
    <p class="al-gauge-line">
      {!g.values.value && <strong>{misfit(g)} </strong>}
      {padded && `Of all weight, ${number(g.padding.value)} lies on padding.`}
    </p>
  );
}

export function Alignment({ model }) {
  const voice = useVoice();
  const vocabulary = Object.fromEntries(
    Object.entries(model.get("vocabulary")).filter(([word]) => word !== PAD),
  );
  const { s, g, start, put, linkState, reset } = useFigureState({
    model,
    voice,
    names: STATE,
    derive: (signals) => graph(signals, model),
    read: (raw) => readState(raw, vocabulary),
  });
  const [queries, keys] = [g.queries.value, g.keys.value];
  const ask = (i) => {
    s.query.value = i;
    const { words, weight } = mostRead(keys, g.weights.value[i]);
    const whom = words.length ? `most to ${list(words)}` : "to all alike";
    voice.speak(`${queries[i]} attends ${whom}: ${number(weight)}`);
  };
  const select = (i, j) => {
    s.query.value = i;
    s.selected.value = [i, j];
    const [score, weight] = [g.scores.value[i][j], g.weights.value[i][j]];
    voice.speak(describeCell(queries, i, j, score, weight, keys));
  };
  return (
    <Figure
      figure="Alignment"
      model={model}
      voice={voice}
      title={model.get("title")}
      claim="One text asks, the other answers: keys and values come from the text on the right."
      snippet={() => snippet(s, g)}
      linkState={linkState}
      reset={reset}
      values={() => ({
        weights: g.weights.value,
        outputs: g.outputs.value,
        received: g.received.value,
        padding: g.padding.value,
      })}
      after={
        <Challenges
          {...{ model, s, start, put, voice }}
          measure={(condition) => MEASURES[condition.measure].of(condition, g)}
          name={(condition) => MEASURES[condition.measure].label(condition)}
          needs={NEEDS}
        />
      }
    >
      <Texts
        asks={s.asks.value}
        answers={s.answers.value}
        pairs={model.get("sentences")}
        vocabulary={vocabulary}
        voice={voice}
        onUse={(asks, answers) => put({ asks, answers, query: 0, selected: null })}
      />
      <Switches {...{ s, g, voice }} />
      <div class="al-controls" data-not-in-picture>
        <Choice
          label="Who asks"
          value={String(g.query.value)}
          choices={Object.fromEntries(distinct(queries).map((word, i) => [i, word]))}
          onChange={(i) => ask(Number(i))}
        />
        <Choice
          label="Queries are"
          value={s.orientation.value}
          choices={ORIENTATIONS}
          onChange={(value) => (s.orientation.value = value)}
        />
      </div>
      <div data-picture>
        <div class="al-row al-two-texts">
          <Ribbons
            queries={queries}
            keys={keys}
            seen={g.keep.value[g.query.value]}
            weights={g.weights.value}
            query={g.query.value}
            onAsk={ask}
          />
          <div class="al-scroll">
            <p class="al-strip-title al-axes">
              <span class="al-query">queries</span> in {s.orientation.value},{" "}
              <span class="al-key">keys</span> in{" "}
              {s.orientation.value === "rows" ? "columns" : "rows"}
            </p>
            <MaskGrid
              label="Who attends to whom"
              queries={queries}
              keys={keys}
              keep={g.keep}
              weights={g.weights}
              scores={g.scores}
              query={g.query}
              flipped={s.orientation.value === "columns"}
              selected={g.chosen}
              onSelect={select}
            />
          </div>
        </div>
        <Gauge {...{ s, g }} />
        <div class="al-row">
          <div class="al-scroll">
            <Received g={g} onAsk={ask} />
          </div>
          <Why g={g} axes={model.get("axes")} />
        </div>
      </div>
    </Figure>
  );
}
