// Several heads on one phrase: patterns, what each head adds, and two routes to their sum.
import { computed, signal } from "@preact/signals";
import { distinct, number } from "../core/format.js";
import * as mathematics from "../core/mathematics.js";
import { Challenges } from "../parts/Challenges.jsx";
import { Choice } from "../parts/Choice.jsx";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { describeCell } from "../parts/Grid.jsx";
import { SentenceBox, readSentence } from "../parts/SentenceBox.jsx";
import { Card, STRONGEST } from "../parts/heads/Card.jsx";
import { ROUTES, Routes } from "../parts/heads/Routes.jsx";
import { Why } from "../parts/heads/Why.jsx";
import { useFigureState } from "../parts/useFigureState.js";

const STATE = ["sentence", "query", "strengths", "selected", "orientation", "step"];
const ORIENTATIONS = { rows: "rows", columns: "columns (3Blue1Brown)" };
const { length } = mathematics;

const times = (matrix, factor) => matrix.map((row) => row.map((value) => value * factor));
const sum = (vectors) => vectors.reduce((a, b) => a.map((value, i) => value + b[i]));

/** Where a head looks and what it mixes; its strength has no part in this. */
function look(x, head) {
  const [q, k, values] = ["w_q", "w_k", "w_v"].map((name) => mathematics.matmul(x, head[name]));
  const scores = mathematics.scores(q, k, 1 / Math.sqrt(head.w_q[0].length));
  const weights = scores.map(mathematics.softmax);
  return { q, k, values, scores, weights, mixed: mathematics.matmul(weights, values) };
}

/** What the head adds, its W_O times `strength`: deltas, and what each word has in them. */
function write(seen, head, strength) {
  const w_o = times(head.w_o, strength);
  const reaches = mathematics.matmul(seen.values, w_o);
  const lengths = reaches.map(length);
  return {
    ...{ ...seen, w_o, reaches, lengths, delta: mathematics.matmul(seen.mixed, w_o) },
    added: seen.weights.map((row) => row.map((weight, j) => weight * lengths[j])),
  };
}

/** What the strip reads of the head that was chosen. */
function openedHead(heads, looks, chosen) {
  const at = computed(() => chosen.value?.[0] ?? 0);
  const seen = computed(() => looks[at.value].value);
  return {
    q: computed(() => seen.value.q),
    k: computed(() => seen.value.k),
    scores: computed(() => seen.value.scores),
    w_q: computed(() => heads[at.value].w_q),
    w_k: computed(() => heads[at.value].w_k),
    scaled: signal(true),
  };
}

function graph(s, model) {
  const [vocabulary, heads] = [model.get("vocabulary"), Object.values(model.get("heads"))];
  const words = computed(() => s.sentence.value.split(" "));
  // A notebook sets one trait after the other: for a moment these may belong to a longer phrase.
  const query = computed(() => Math.min(s.query.value, words.value.length - 1));
  const chosen = computed(() =>
    s.selected.value?.[1] < words.value.length ? s.selected.value : null,
  );
  const x = computed(() => words.value.map((word) => vocabulary[word]));
  const looks = heads.map((head) => computed(() => look(x.value, head)));
  const runs = heads.map((head, h) => {
    const strength = computed(() => s.strengths.value[h]);
    return computed(() => write(looks[h].value, head, strength.value));
  });
  const of = (read) => computed(() => runs.map((run) => read(run.value)));
  const deltas = of(({ delta }) => delta[query.value]);
  const stapled = computed(() => looks.flatMap((seen) => seen.value.mixed[query.value]));
  const stacked = computed(() => runs.flatMap((run) => run.value.w_o));
  return {
    ...{ words, query, chosen, x, looks, runs, deltas, stapled, stacked },
    cell: computed(() => chosen.value && [query.value, chosen.value[1]]),
    opened: openedHead(heads, looks, chosen),
    total: computed(() => sum(deltas.value)),
    product: computed(() => mathematics.matmul([stapled.value], stacked.value)[0]),
  };
}

/** What a link holds, checked field by field. */
function readState(raw, model) {
  if (typeof raw.sentence !== "string") throw new Error("it holds no sentence");
  const words = readSentence(raw.sentence, model.get("vocabulary"));
  if (words instanceof Error) throw words;
  const n = Object.keys(model.get("heads")).length;
  const strong = (v) => typeof v === "number" && Math.abs(v) <= STRONGEST;
  const inside = (v, n) => Number.isInteger(v) && v >= 0 && v < n;
  const pair = (v) => v.length === 2 && inside(v[0], n) && inside(v[1], words.length);
  const checks = {
    query: (v) => inside(v, words.length),
    strengths: (v) => Array.isArray(v) && v.length === n && v.every(strong),
    selected: (v) => v === null || (Array.isArray(v) && pair(v)),
    orientation: (v) => Object.keys(ORIENTATIONS).includes(v),
    step: (v) => Number.isInteger(v) && v >= 1 && v <= ROUTES.length,
  };
  for (const [name, fits] of Object.entries(checks))
    if (!fits(raw[name])) throw new Error(`its ${name} does not fit this figure`);
  const state = Object.fromEntries(STATE.map((name) => [name, raw[name]]));
  return { ...state, sentence: words.join(" ") };
}

function snippet(s, g, model) {
  const names = Object.keys(model.get("heads"));
  return [
    "import numpy as np",
    "import attnlib as al",
    "from attnlib.world import PHRASES",
    "",
    `x = PHRASES.embed(${JSON.stringify(s.sentence.value)})`,
    `heads = [PHRASES.head(name) for name in ${JSON.stringify(names)}]`,
    `strengths = np.array(${JSON.stringify(s.strengths.value)}, dtype=float)`,
    'w_q, w_k, w_v, w_o = (np.stack([getattr(h, w) for h in heads]) for w in ("w_q", "w_k", "w_v", "w_o"))',
    "block = al.MultiHead(w_q, w_k, w_v, strengths[:, None, None] * w_o)",
    `print(block.trace(x).deltas[:, ${g.query.value}].round(2))`,
    `print(block(x)[${g.query.value}].round(2))`,
  ].join("\n");
}

const MEASURES = {
  length: {
    label: ({ head }) => `length of what head ${head} adds`,
    of: ({ head }, { g }) => length(g.deltas.value[head - 1]),
  },
  total: {
    label: () => "length of the sum",
    of: (_, { g }) => length(g.total.value),
  },
  axis: {
    label: ({ axis }) => `the sum on ${axis}`,
    of: ({ axis }, { g, axes }) => g.total.value[axes.indexOf(axis)],
  },
};

export function Heads({ model }) {
  const voice = useVoice();
  const [axes, names] = [model.get("axes"), Object.keys(model.get("heads"))];
  const { s, g, start, put, linkState, reset } = useFigureState({
    model,
    voice,
    names: STATE,
    derive: (signals) => graph(signals, model),
    read: (raw) => readState(raw, model),
  });
  const words = g.words.value;
  const select = (h, i, j) => {
    s.query.value = i;
    s.selected.value = [h, j];
    const { scores, weights, added } = g.runs[h].value;
    const told = describeCell(words, i, j, scores[i][j], weights[i][j]);
    voice.speak(`head ${h + 1}, ${told}, adds ${number(added[i][j])}`);
  };
  return (
    <Figure
      figure="Heads"
      model={model}
      voice={voice}
      title={model.get("title")}
      claim="Choose who asks. Each head reads the same words, and adds a vector of its own; they all add up."
      snippet={() => snippet(s, g, model)}
      linkState={linkState}
      reset={reset}
      values={() => ({
        weights: g.runs.map((run) => run.value.weights),
        added: g.runs.map((run) => run.value.added),
        deltas: g.deltas.value,
        total: g.total.value,
        product: g.product.value,
      })}
      after={
        <Challenges
          {...{ model, s, start, put, voice }}
          measure={(condition) => MEASURES[condition.measure].of(condition, { g, axes })}
          name={(condition) => MEASURES[condition.measure].label(condition)}
          needs={{
            sentence: (sentence) => `“${sentence}”`,
            query: (i, { sentence = s.sentence.value }) =>
              `${sentence.split(" ")[i] ?? "another word"} to ask`,
          }}
        />
      }
    >
      <SentenceBox
        sentence={s.sentence.value}
        sentences={model.get("sentences")}
        vocabulary={model.get("vocabulary")}
        voice={voice}
        onChange={(sentence) => put({ sentence, query: 0, selected: null })}
      />
      <div class="al-controls" data-not-in-picture>
        <Choice
          label="Who asks"
          value={String(g.query.value)}
          choices={Object.fromEntries(distinct(words).map((word, i) => [i, word]))}
          onChange={(i) => (s.query.value = Number(i))}
        />
        <Choice
          label="Queries are"
          value={s.orientation.value}
          choices={ORIENTATIONS}
          onChange={(value) => (s.orientation.value = value)}
        />
      </div>
      <div data-picture>
        <p class="al-strip-title al-axes">
          <span class="al-query">queries</span> in {s.orientation.value},{" "}
          <span class="al-key">keys</span> in {s.orientation.value === "rows" ? "columns" : "rows"}
        </p>
        <div class="al-row al-head-cards">
          {names.map((name, h) => (
            <Card {...{ name, h, s, g, voice }} onSelect={select} />
          ))}
        </div>
        <Why {...{ s, g, axes }} />
        <Routes {...{ s, g, axes }} />
      </div>
    </Figure>
  );
}
