// Who came first: attention does not know, until positions are put in.
import { computed } from "@preact/signals";
import * as mathematics from "../core/mathematics.js";
import { rotate, sinusoidalPositions } from "../core/positions.js";
import { Challenges } from "../parts/Challenges.jsx";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { SentenceBox, readSentence } from "../parts/SentenceBox.jsx";
import { Tabs } from "../parts/Tabs.jsx";
import { LAST, Rotary, scoresByDistance } from "../parts/order/Rotary.jsx";
import { POSITIONS, Shuffle } from "../parts/order/Shuffle.jsx";
import { useFigureState } from "../parts/useFigureState.js";

const STATE = [
  ...["view", "sentence", "query", "order", "positions"],
  ...["at_query", "at_key", "alike", "seed"],
];
const NAMES = { shuffle: "Shuffle", rotary: "Rotary dials" };
const CLAIMS = {
  shuffle: "Shuffle the words. Without positions every word receives what it received before.",
  rotary: "Move the query, the key, or both. The score follows the distance, and nothing else.",
};
const D_HEAD = 8;
const LARGEST_SEED = 999999;
const KEYS_APART = 1e6; // between the seeds of the query and of the key

/** The head on the words in this order: `{words, weights, outputs}`, outputs by place. */
function run({ words, order, positions, vocabulary, head }) {
  const placed = order.map((index) => ({ word: words[index], index }));
  const plain = placed.map(({ word }) => vocabulary[word]);
  const where = sinusoidalPositions(words.length, plain[0].length);
  const added = positions === "sinusoidal";
  const x = added ? plain.map((row, i) => row.map((v, a) => v + where[i][a])) : plain;
  const turn = (rows) => (positions === "rotary" ? rows.map(rotate) : rows);
  const q = turn(mathematics.matmul(x, head.w_q));
  const k = turn(mathematics.matmul(x, head.w_k));
  const scale = 1 / Math.sqrt(head.w_q[0].length);
  const weights = mathematics.scores(q, k, scale).map(mathematics.softmax);
  const mixed = mathematics.matmul(weights, mathematics.matmul(x, head.w_v));
  return { words: placed, weights, outputs: mathematics.matmul(mixed, head.w_o) };
}

/** How far the output of a word is from its output in the other order, at most. */
function movedBy(before, after) {
  const differences = after.words.flatMap(({ index }, place) =>
    after.outputs[place].map((value, a) => Math.abs(value - before.outputs[index][a])),
  );
  return Math.max(...differences);
}

/** The view "rotary": both vectors where they stand, and the score as the sum of its pairs. */
function turned(s, q, k) {
  const turnedQ = computed(() => rotate(q.value, s.at_query.value));
  const turnedK = computed(() => rotate(k.value, s.at_key.value));
  const score = computed(() => mathematics.dot(turnedQ.value, turnedK.value));
  return { turnedQ, turnedK, score };
}

function graph(s, model) {
  const [vocabulary, head] = [model.get("vocabulary"), model.get("head")];
  const words = computed(() => s.sentence.value.split(" "));
  const inOrder = (order) =>
    run({ words: words.value, order, positions: s.positions.value, vocabulary, head });
  // A notebook sets one trait after the other: for a moment these may belong to another phrase.
  const query = computed(() => Math.min(s.query.value, words.value.length - 1));
  const written = computed(() => words.value.map((_, i) => i));
  const order = computed(() =>
    s.order.value.length === words.value.length ? s.order.value : written.value,
  );
  const before = computed(() => inOrder(written.value));
  const after = computed(() => inOrder(order.value));
  const q = computed(() => mathematics.normalMatrix(1, D_HEAD, s.seed.value)[0]);
  const k = computed(() =>
    s.alike.value ? q.value : mathematics.normalMatrix(1, D_HEAD, s.seed.value + KEYS_APART)[0],
  );
  return {
    ...{ words, query, written, order, before, after, q, k },
    moved: computed(() => movedBy(before.value, after.value)),
    ...turned(s, q, k),
    curve: computed(() => scoresByDistance(q.value, k.value)),
  };
}

/** What a link holds, checked field by field. */
function readState(raw, model) {
  if (typeof raw.sentence !== "string") throw new Error("it holds no sentence");
  const words = readSentence(raw.sentence, model.get("vocabulary"));
  if (words instanceof Error) throw words;
  const whole = (v, low, high) => Number.isInteger(v) && v >= low && v <= high;
  const checks = {
    view: (v) => model.get("views").includes(v),
    query: (v) => whole(v, 0, words.length - 1),
    order: (v) =>
      Array.isArray(v) && v.length === words.length && words.every((_, i) => v.includes(i)),
    positions: (v) => Object.keys(POSITIONS).includes(v),
    at_query: (v) => whole(v, 0, LAST),
    at_key: (v) => whole(v, 0, LAST),
    alike: (v) => typeof v === "boolean",
    seed: (v) => whole(v, 0, LARGEST_SEED),
  };
  for (const [name, fits] of Object.entries(checks))
    if (!fits(raw[name])) throw new Error(`its ${name} does not fit this figure`);
  const state = Object.fromEntries(STATE.map((name) => [name, raw[name]]));
  return { ...state, sentence: words.join(" ") };
}

function shuffleSnippet(s, g) {
  const positions = {
    none: [],
    sinusoidal: ["x = x + al.sinusoidal_positions(*x.shape)"],
    rotary: [],
  }[s.positions.value];
  const turn = (name) =>
    s.positions.value === "rotary"
      ? `al.rotate(x @ head.w_${name}, np.arange(len(x)))`
      : `x @ head.w_${name}`;
  return [
    "import numpy as np",
    "import attnlib as al",
    "from attnlib.world import PHRASES",
    "",
    `words = ${JSON.stringify(s.sentence.value)}.split()`,
    `order = ${JSON.stringify(g.order.value)}`,
    "x = PHRASES.embed([words[i] for i in order])",
    ...positions,
    'head = PHRASES.head("nouns look for adjectives")',
    `weights = al.softmax(al.scores(${turn("q")}, ${turn("k")}))`,
    "print(weights.round(2))",
  ].join("\n");
}

function rotarySnippet(s, g) {
  return [
    "import numpy as np",
    "import attnlib as al",
    "",
    `q, k = np.array([${JSON.stringify(g.q.value)}, ${JSON.stringify(g.k.value)}])`,
    `turned_q = al.rotate(q[None], np.array([${s.at_query.value}]))[0]`,
    `turned_k = al.rotate(k[None], np.array([${s.at_key.value}]))[0]`,
    "print((turned_q @ turned_k).round(2))",
  ].join("\n");
}

const NEEDS = {
  positions: (positions) => `positions that are ${POSITIONS[positions]}`,
  alike: (on) => `the key ${on ? "like" : "unlike"} the query`,
  seed: () => "the vectors of the start",
};
const MEASURES = {
  words: { label: () => "words in the phrase", of: ({ g }) => g.words.value.length },
  moved: { label: () => "outputs move by", of: ({ g }) => g.moved.value },
  score: { label: () => "score", of: ({ g }) => g.score.value },
  distance: {
    label: () => "places between them",
    of: ({ s }) => Math.abs(s.at_query.value - s.at_key.value),
  },
};

export function OrderLab({ model }) {
  const voice = useVoice();
  const views = model.get("views");
  const { s, g, start, put, linkState, reset } = useFigureState({
    model,
    voice,
    names: STATE,
    derive: (signals) => graph(signals, model),
    read: (raw) => readState(raw, model),
  });
  const asWritten = (sentence) => sentence.split(" ").map((_, i) => i);
  return (
    <Figure
      figure="OrderLab"
      model={model}
      voice={voice}
      title={model.get("title")}
      claim={CLAIMS[s.view.value]}
      snippet={() => (s.view.value === "shuffle" ? shuffleSnippet(s, g) : rotarySnippet(s, g))}
      linkState={linkState}
      reset={reset}
      values={() => ({
        weights: g.after.value.weights,
        outputs: g.after.value.outputs,
        moved: g.moved.value,
        score: g.score.value,
        curve: g.curve.value,
      })}
      after={
        <Challenges
          {...{ model, s, start, put, voice }}
          among={({ given }) => (given?.view ?? s.view.value) === s.view.value}
          needs={NEEDS}
          measure={(condition) => MEASURES[condition.measure].of({ s, g })}
          name={(condition) => MEASURES[condition.measure].label(condition)}
        />
      }
    >
      <Tabs views={views} names={NAMES} view={s.view} />
      {s.view.value === "shuffle" ? (
        <>
          <SentenceBox
            sentence={s.sentence.value}
            sentences={model.get("sentences")}
            vocabulary={model.get("vocabulary")}
            voice={voice}
            onChange={(sentence) => put({ sentence, order: asWritten(sentence), query: 0 })}
          />
          <Shuffle s={s} g={g} axes={model.get("axes")} voice={voice} />
        </>
      ) : (
        <Rotary s={s} g={g} voice={voice} />
      )}
    </Figure>
  );
}
