// Several heads on one phrase: patterns, what each head adds, and two routes to their sum.
import { computed } from "@preact/signals";
import { number, round } from "../core/format.js";
import * as mathematics from "../core/mathematics.js";
import { Challenges } from "../parts/Challenges.jsx";
import { Choice } from "../parts/Choice.jsx";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { MaskGrid } from "../parts/MaskGrid.jsx";
import { signedFill } from "../parts/MatrixEditor.jsx";
import { SentenceBox, readSentence } from "../parts/SentenceBox.jsx";
import { useFigureState } from "../parts/useFigureState.js";

const STATE = ["sentence", "query", "strengths", "orientation", "step"];
const ORIENTATIONS = { rows: "rows", columns: "columns (3Blue1Brown)" };
const STRONGEST = 3;
const ROUNDING = 1e-12;
const ROUTES = [
  "what each head mixed",
  "stapled side by side",
  "times the stacked W_O",
  "and the sum of the heads",
];

const length = (vector) => Math.sqrt(mathematics.dot(vector, vector));
const times = (matrix, factor) => matrix.map((row) => row.map((value) => value * factor));
const sum = (vectors) => vectors.reduce((a, b) => a.map((value, i) => value + b[i]));

/** One head on x, its value up times `strength`: weights, mixtures, deltas, and their lengths. */
function runHead(x, head, strength) {
  const q = mathematics.matmul(x, head.w_q);
  const k = mathematics.matmul(x, head.w_k);
  const scale = 1 / Math.sqrt(head.w_q[0].length);
  const weights = mathematics.scores(q, k, scale).map(mathematics.softmax);
  const w_o = times(head.w_o, strength);
  const values = mathematics.matmul(x, head.w_v);
  const mixed = mathematics.matmul(weights, values);
  const reach = mathematics.matmul(values, w_o).map(length);
  return {
    ...{ weights, mixed, w_o, delta: mathematics.matmul(mixed, w_o) },
    added: weights.map((row) => row.map((weight, j) => weight * reach[j])),
  };
}

function graph(s, model) {
  const [vocabulary, heads] = [model.get("vocabulary"), Object.values(model.get("heads"))];
  const words = computed(() => s.sentence.value.split(" "));
  const x = computed(() => words.value.map((word) => vocabulary[word]));
  const runs = computed(() => heads.map((head, h) => runHead(x.value, head, s.strengths.value[h])));
  const total = computed(() => sum(runs.value.map(({ delta }) => delta[s.query.value])));
  const stapled = computed(() => runs.value.flatMap(({ mixed }) => mixed[s.query.value]));
  const stacked = computed(() => runs.value.flatMap(({ w_o }) => w_o));
  const product = computed(() => mathematics.matmul([stapled.value], stacked.value)[0]);
  return { words, x, runs, total, stapled, stacked, product };
}

/** What a link holds, checked field by field. */
function readState(raw, model) {
  if (typeof raw.sentence !== "string") throw new Error("it holds no sentence");
  const words = readSentence(raw.sentence, model.get("vocabulary"));
  if (words instanceof Error) throw words;
  const n = Object.keys(model.get("heads")).length;
  const strong = (v) => typeof v === "number" && Math.abs(v) <= STRONGEST;
  const checks = {
    query: (v) => Number.isInteger(v) && v >= 0 && v < words.length,
    strengths: (v) => Array.isArray(v) && v.length === n && v.every(strong),
    orientation: (v) => Object.hasOwn(ORIENTATIONS, v),
    step: (v) => Number.isInteger(v) && v >= 1 && v <= ROUTES.length,
  };
  for (const [name, fits] of Object.entries(checks))
    if (!fits(raw[name])) throw new Error(`its ${name} does not fit this figure`);
  const { query, strengths, orientation, step } = raw;
  return { sentence: words.join(" "), query, strengths, orientation, step };
}

function snippet(s, model) {
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
    `print(block.trace(x).deltas[:, ${s.query.value}].round(2))`,
    `print(block(x)[${s.query.value}].round(2))`,
  ].join("\n");
}

/** Weight and length of what is added, one under the other, for every word the query reads. */
function Reads({ words, weights, added }) {
  const largest = Math.max(1, ...added);
  const line = (kind, value, full) => (
    <span class={`al-reads-bar al-reads-${kind}`} style={{ width: `${(value / full) * 100}%` }} />
  );
  return (
    <table class="al-numbers al-reads">
      <thead>
        <tr>
          <th scope="col">reads</th>
          <th scope="col">weight</th>
          <th scope="col">adds</th>
          <td />
        </tr>
      </thead>
      <tbody>
        {words.map((word, j) => (
          <tr>
            <th scope="row">{word}</th>
            <td>{number(weights[j])}</td>
            <td>{number(added[j])}</td>
            <td aria-hidden="true">
              {line("weight", weights[j], 1)}
              {line("added", added[j], largest)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function HeadCard({ name, run, h, s, words, voice }) {
  const query = s.query.value;
  const strength = s.strengths.value[h];
  const keep = words.map(() => words.map(() => true));
  const set = (value) => {
    s.strengths.value = s.strengths.value.map((old, n) => (n === h ? value : old));
    voice.speakAtRest(`${name}: strength ${number(value, 1)}`);
  };
  return (
    <div class="al-head-card">
      <p class="al-strip-title">
        {h + 1}. {name}
      </p>
      <MaskGrid
        label={`Head ${h + 1}`}
        tokens={words}
        keep={keep}
        weights={run.weights}
        flipped={s.orientation.value === "columns"}
        selected={null}
        onSelect={(i) => (s.query.value = i)}
      />
      <label class="al-field" data-not-in-picture>
        <span>strength of W_O</span>
        <input
          type="range"
          min={-STRONGEST}
          max={STRONGEST}
          step={0.1}
          value={strength}
          aria-label={`strength of head ${h + 1}`}
          aria-valuetext={number(strength, 1)}
          onInput={(event) => set(round(Number(event.currentTarget.value), 1))}
        />
        <strong>{number(strength, 1)}</strong>
      </label>
      <Reads words={words} weights={run.weights[query]} added={run.added[query]} />
      <p>
        adds a vector of length <strong>{number(length(run.delta[query]))}</strong>
      </p>
    </div>
  );
}

const block = (h) => `al-block-${(h % 4) + 1}`;

/** A row of numbers, each in the colour of the head that made it. */
function Row({ label, numbers, owner }) {
  return (
    <tr>
      <th scope="row">{label}</th>
      {numbers.map((value, n) => (
        <td
          class={`al-cell ${owner ? block(owner(n)) : ""}`}
          style={owner ? undefined : { background: signedFill(value) }}
        >
          {number(value)}
        </td>
      ))}
    </tr>
  );
}

function Rows({ caption, axes, rows }) {
  return (
    <table class="al-routes">
      <caption>{caption}</caption>
      {axes && (
        <thead>
          <tr>
            <td />
            {axes.map((axis) => (
              <th scope="col">{axis}</th>
            ))}
          </tr>
        </thead>
      )}
      <tbody>
        {rows.map((row) => (
          <Row {...row} />
        ))}
      </tbody>
    </table>
  );
}

/** The tables of the walk, in order: the step that the reader has reached shows all before it. */
function tables({ g, query, axes, names }) {
  const runs = g.runs.value;
  const width = runs[0].mixed[0].length;
  const owner = (n) => Math.floor(n / width);
  const perHead = (what) =>
    runs.map((run, h) => ({
      ...{ label: `${h + 1}. ${names[h]}`, numbers: run[what][query], owner: () => h },
    }));
  const stacked = g.stacked.value.map((numbers, n) => ({
    ...{ label: `${owner(n) + 1}.${(n % width) + 1}`, numbers, owner: () => owner(n) },
  }));
  return [
    { caption: "mixed, one row a head", rows: perHead("mixed") },
    {
      caption: `stapled: one row of ${runs.length * width} numbers`,
      rows: [{ label: "concatenated", numbers: g.stapled.value, owner }],
    },
    {
      caption: "the stacked W_O: each head’s value up, one under the other",
      axes,
      rows: [...stacked, { label: "stapled times W_O", numbers: g.product.value }],
    },
    {
      caption: "the other route: every head’s delta, and their sum",
      axes,
      rows: [...perHead("delta"), { label: "sum", numbers: g.total.value }],
    },
  ];
}

function Routes({ s, g, axes, names }) {
  const [step, query] = [s.step.value, s.query.value];
  const off = Math.max(...g.total.value.map((v, a) => Math.abs(v - g.product.value[a])));
  return (
    <div class="al-under">
      <p class="al-strip-title">Two routes to what {g.words.value[query]} receives</p>
      <div class="al-controls" data-not-in-picture>
        <label class="al-field">
          <span>step</span>
          <input
            type="range"
            min={1}
            max={ROUTES.length}
            step={1}
            value={step}
            aria-valuetext={`${step}: ${ROUTES[step - 1]}`}
            onInput={(event) => (s.step.value = Number(event.currentTarget.value))}
          />
          <strong>
            {step}. {ROUTES[step - 1]}
          </strong>
        </label>
      </div>
      <div class="al-scroll">
        {tables({ g, query, axes, names })
          .slice(0, step)
          .map((table) => (
            <Rows {...table} />
          ))}
      </div>
      {step === ROUTES.length && (
        <p class="al-reading">
          The two routes differ by at most{" "}
          <strong>{off < ROUNDING ? "0" : off.toExponential(0)}</strong>.
        </p>
      )}
    </div>
  );
}

const MEASURES = {
  length: {
    label: ({ head }) => `length of what head ${head} adds`,
    of: ({ head }, { g, s }) => length(g.runs.value[head - 1].delta[s.query.value]),
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
  return (
    <Figure
      figure="Heads"
      model={model}
      voice={voice}
      title={model.get("title")}
      claim="Choose who asks. Each head reads the same words, and adds a vector of its own; they all add up."
      snippet={() => snippet(s, model)}
      linkState={linkState}
      reset={reset}
      values={() => ({
        weights: g.runs.value.map(({ weights }) => weights),
        added: g.runs.value.map(({ added }) => added),
        deltas: g.runs.value.map(({ delta }) => delta[s.query.value]),
        total: g.total.value,
        product: g.product.value,
      })}
      after={
        <Challenges
          figureKey={model.get("key")}
          challenges={model.get("challenges")}
          measure={(condition) => MEASURES[condition.measure].of(condition, { g, s, axes })}
          name={(condition) => MEASURES[condition.measure].label(condition)}
          elsewhere={({ query }) => query && words[s.query.value] !== query && `Let ${query} ask.`}
          voice={voice}
          onStart={({ setting }) => put({ ...start, ...setting })}
        />
      }
    >
      <SentenceBox
        sentence={s.sentence.value}
        sentences={model.get("sentences")}
        vocabulary={model.get("vocabulary")}
        voice={voice}
        onChange={(sentence) => put({ sentence, query: 0 })}
      />
      <div class="al-controls" data-not-in-picture>
        <Choice
          label="Who asks"
          value={String(s.query.value)}
          choices={Object.fromEntries(words.map((word, i) => [i, word]))}
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
        <div class="al-row al-head-cards">
          {g.runs.value.map((run, h) => (
            <HeadCard name={names[h]} {...{ run, h, s, words, voice }} />
          ))}
        </div>
        <Routes {...{ s, g, axes, names }} />
      </div>
    </Figure>
  );
}
