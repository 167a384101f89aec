// A small model that trains in the page: its loss, its heads, its guesses, and what taking things away does.
import { batch, computed } from "@preact/signals";
import { number } from "../core/format.js";
import { dot } from "../core/mathematics.js";
import {
  WORDS,
  completeRecipe,
  examine,
  ids,
  initialWeights,
  trace,
} from "../core/training/index.js";
import { readRecording } from "../core/training/recording.js";
import { Challenges } from "../parts/Challenges.jsx";
import { Choice } from "../parts/Choice.jsx";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { describeCell } from "../parts/Grid.jsx";
import { MaskGrid } from "../parts/MaskGrid.jsx";
import { SentenceBox, readSentence } from "../parts/SentenceBox.jsx";
import { Arithmetic } from "../parts/training/Arithmetic.jsx";
import { Curves } from "../parts/training/Curves.jsx";
import { Drive } from "../parts/training/Drive.jsx";
import { Experiments, LARGEST_SEED } from "../parts/training/Experiments.jsx";
import { NextWords } from "../parts/training/NextWords.jsx";
import { Readout } from "../parts/training/Readout.jsx";
import { Tiles } from "../parts/training/Tiles.jsx";
import { makeTraining, useTraining } from "../parts/training/useTraining.js";
import { useFigureState } from "../parts/useFigureState.js";

// The traits that make a recipe, and how the engine calls them.
const RECIPE = {
  ...{ seed: "seed", n_layers: "nLayers", positions: "positions", previous: "previous" },
  ...{ mask: "mask", root: "root", unsettled: "unsettled", rate: "rate" },
};
const STATE = [
  ...Object.keys(RECIPE),
  ...["recorded", "step", "sentence", "chosen", "query", "selected", "silent", "orientation"],
];
const ORIENTATIONS = { rows: "rows", columns: "columns (3Blue1Brown)" };
const VOCABULARY = Object.fromEntries(WORDS.map((word) => [word, true]));

function recipeOf(s) {
  const fields = Object.entries(RECIPE).map(([trait, name]) => [name, s[trait].value]);
  return completeRecipe(Object.fromEntries(fields));
}

/** The chosen head's cell, with the numbers behind its weight; null without one. */
function accountOf({ s, chosen, words, look, query, recipe }) {
  const [layer, head] = chosen.value;
  const key = s.selected.value;
  if (key === null || key >= words.value.length) return null;
  const { queries, keys, scores, weights } = look.value.heads[layer][head];
  const row = scores[query.value];
  const { dModel, nHeads, root, positions } = recipe.value;
  const width = dModel / nHeads;
  const product = dot(queries[query.value], keys[key]) / (root ? Math.sqrt(width) : 1);
  return {
    ...{ layer, head, key, query: query.value, score: row[key], product, width },
    bias: positions ? row[key] - product : null,
    weight: weights[query.value][key],
    total: row.reduce((sum, score) => sum + Math.exp(score), 0),
    isScaled: root,
  };
}

/** The exam of the model on show: what the run told of it, or a new one, of silenced heads for one. */
function examOf({ s, training, recipe, weights }) {
  const rested = computed(() => {
    if (training.going.value) return null;
    return examine({ recipe: recipe.value, weights: weights.value }, { silent: s.silent.value });
  });
  return computed(() => {
    const step = training.step.value;
    const { exams } = training.shown.value;
    if (!s.silent.value.length) {
      const known = exams.findLast((exam) => exam.step <= step);
      if (training.going.value || known?.step === step) return known ?? null;
      if (!exams.length) return null; // nothing was trained
    }
    return rested.value && { step, ...rested.value };
  });
}

function graph(s, model, voice) {
  const sent = model.get("recording");
  const recording = sent && readRecording(sent);
  const recipe = computed(() => recipeOf(s));
  const untouched = computed(() => completeRecipe({ seed: s.seed.value }));
  const asRecorded = () => {
    for (const [trait, name] of Object.entries(RECIPE)) s[trait].value = recording.recipe[name];
  };
  const training = makeTraining({ model, s, recipe, untouched, recording, asRecorded, voice });
  const words = computed(() => s.sentence.value.split(" "));
  const query = computed(() => Math.min(s.query.value, words.value.length - 1));
  const chosen = computed(() => {
    const [layer, head] = s.chosen.value;
    return [Math.min(layer, recipe.value.nLayers - 1), head];
  });
  const weights = computed(
    () => training.shown.value.kept.get(training.step.value) ?? initialWeights(recipe.value),
  );
  // A head of a layer that is gone for the moment stays in the state.
  const silent = computed(() => s.silent.value.filter(([layer]) => layer < recipe.value.nLayers));
  const traced = (weights, silent) => trace(recipe.value, weights, ids(words.value), silent);
  const look = computed(() => traced(weights.value, silent.value));
  const exam = examOf({ s: { ...s, silent }, training, recipe, weights });
  const control = computed(() => (isTouched.value ? training.control.exams.value : []));
  const isTouched = computed(
    () => JSON.stringify(recipe.value) !== JSON.stringify(untouched.value),
  );
  return {
    ...{ recording, recipe, training, words, query, chosen, weights, silent, look, exam },
    untrained: computed(() => traced(initialWeights(recipe.value), [])),
    pattern: computed(() => look.value.heads[chosen.value[0]][chosen.value[1]].weights),
    scores: computed(() => look.value.heads[chosen.value[0]][chosen.value[1]].scores),
    cell: computed(() => (s.selected.value === null ? null : [query.value, s.selected.value])),
    account: computed(() => accountOf({ s, chosen, words, look, query, recipe })),
    scoresOf: (layer, head) => {
      const { previousWord, prefixMatching } = exam.value ?? {};
      if (!previousWord?.[layer]) return null;
      return {
        previousWord: previousWord[layer][head],
        prefixMatching: prefixMatching[layer][head],
      };
    },
    /** What makes the weights on show what they are, as the traits tell it. */
    run: computed(() =>
      Object.fromEntries(
        [...Object.keys(RECIPE), "recorded", "step"].map((name) => [name, s[name].value]),
      ),
    ),
    position: computed(() => ({ step: training.step.value, steps: recipe.value.nSteps })),
    curves: computed(() => ({
      ...training.shown.value,
      control: control.value,
      levels: model.get("levels"),
      step: training.step.value,
      steps: recipe.value.nSteps,
    })),
  };
}

/** Whether `state` has the recipe of `recording`. */
const isOfRecording = (state, recording) =>
  recording !== null &&
  Object.entries(RECIPE).every(([trait, name]) => state[trait] === recording.recipe[name]);

/** What a link holds, checked field by field. */
function readState(raw, model) {
  if (typeof raw.sentence !== "string") throw new Error("it holds no sentence");
  const words = readSentence(raw.sentence, VOCABULARY);
  if (words instanceof Error) throw words;
  const whole = (v, low, high) => Number.isInteger(v) && v >= low && v <= high;
  const isHead = (v) =>
    Array.isArray(v) && v.length === 2 && whole(v[0], 0, 1) && whole(v[1], 0, 3);
  const truth = (v) => typeof v === "boolean";
  const checks = {
    seed: (v) => whole(v, 0, LARGEST_SEED),
    n_layers: (v) => whole(v, 1, 2),
    ...{ positions: truth, previous: truth, mask: truth, root: truth },
    unsettled: (v) => typeof v === "number" && v >= 0 && v <= 1,
    rate: (v) => typeof v === "number" && v > 0 && Number.isFinite(v),
    recorded: (v) => truth(v) && (!v || isOfRecording(raw, model.get("recording"))),
    step: (v) => whole(v, 0, model.get("n_steps")),
    chosen: isHead,
    query: (v) => whole(v, 0, words.length - 1),
    selected: (v) => v === null || whole(v, 0, words.length - 1),
    silent: (v) => Array.isArray(v) && v.every(isHead) && new Set(v.map(String)).size === v.length,
    orientation: (v) => Object.keys(ORIENTATIONS).includes(v),
  };
  for (const [name, fits] of Object.entries(checks))
    if (!fits(raw[name])) throw new Error(`its ${name} does not fit this figure`);
  const state = Object.fromEntries(STATE.map((name) => [name, raw[name]]));
  return { ...state, sentence: words.join(" ") };
}

const python = (value) =>
  typeof value === "boolean" ? (value ? "True" : "False") : JSON.stringify(value);

function snippet(s, g) {
  const changed = Object.entries(RECIPE).filter(
    ([, name]) => name === "seed" || g.recipe.value[name] !== completeRecipe()[name],
  );
  const fields = changed.map(([trait]) => `${trait}=${python(s[trait].value)}`).join(", ");
  const pairs = g.silent.value.map(([layer, head]) => `(${layer}, ${head})`).join(", ");
  const [layer, head] = g.chosen.value;
  return [
    "from attnlib import parrot, training",
    "",
    `recipe = training.Recipe(${fields})`,
    "run = training.Run(recipe)",
    `for _ in range(${g.training.step.value}):`,
    "    run.step()",
    `silent = [${pairs}]`,
    "print(training.examine(run.model, recipe, silent=silent))",
    `ids = parrot.ids(${JSON.stringify(s.sentence.value)})`,
    "seen = training.visibility(recipe, len(ids))",
    "weights = run.model.trace(ids, silent=silent, **seen).weights",
    `print(weights[${layer}, ${head}].detach().numpy().round(2))`,
  ].join("\n");
}

const MEASURES = {
  copying: { label: () => "copying", of: ({ g }) => g.exam.value?.copying ?? null },
  sense: { label: () => "sense", of: ({ g }) => g.exam.value?.sense ?? null },
  loss: { label: () => "loss of all words", of: ({ g }) => g.exam.value?.loss ?? null },
  silent: { label: () => "silent heads", of: ({ g }) => g.silent.value.length },
  previous: {
    label: () => "previous-word score of a silent head",
    of: ({ g }) => {
      const scores = g.silent.value.map(([layer, head]) => g.scoresOf(layer, head)?.previousWord);
      return scores.length && g.exam.value ? Math.max(...scores) : null;
    },
  },
};

const NEEDS = {
  recorded: (on) => (on ? "the recorded run" : "a run of your own"),
  step: (step) => `step ${step}`,
};

export function Training({ model }) {
  const voice = useVoice();
  const views = model.get("views");
  const { s, g, start, put, linkState, reset } = useFigureState({
    model,
    voice,
    names: STATE,
    derive: (signals) => graph(signals, model, voice),
    read: (raw) => readState(raw, model),
  });
  useTraining({ model, s, g });
  // The run too is thrown away, in the same moment: else it would be trained for anew.
  const beginAgain = () =>
    batch(() => {
      g.training.clear();
      reset();
    });
  const choose = (query, key) => {
    put({ query, selected: key });
    const [layer, head] = g.chosen.value;
    const told = describeCell(
      g.words.value,
      query,
      key,
      g.scores.value[query][key],
      g.pattern.value[query][key],
    );
    voice.speak(`head ${layer}.${head}, ${told}`);
  };
  const silence = (at, on) => {
    const others = s.silent.value.filter(([l, h]) => l !== at[0] || h !== at[1]);
    put({ silent: on ? [...others, at].sort(([a, b], [c, d]) => a - c || b - d) : others });
    const exam = g.exam.value;
    if (exam) voice.speak(`copying ${number(exam.copying)}, sense ${number(exam.sense)}`);
  };
  const [layer, head] = g.chosen.value;
  return (
    <Figure
      figure="Training"
      model={model}
      voice={voice}
      title={model.get("title")}
      claim="The model guesses the next word. Nobody tells its heads what to do."
      snippet={() => snippet(s, g)}
      linkState={linkState}
      reset={beginAgain}
      values={() => ({
        step: g.training.step.value,
        weights: g.look.value.heads.map((heads) => heads.map(({ weights }) => weights)),
        probabilities: g.look.value.probabilities,
        exam: g.exam.value,
        losses: g.training.shown.value.losses,
        parameters: [...g.weights.value],
      })}
      after={
        <Challenges
          {...{ model, s, voice }}
          among={({ given }) =>
            given?.recorded ? views.includes("silence") : views.includes("experiments")
          }
          needs={NEEDS}
          measure={(condition) => MEASURES[condition.measure].of({ g })}
          name={(condition) => MEASURES[condition.measure].label(condition)}
          onStart={({ given, setting }) => put({ ...start, silent: [], ...given, ...setting })}
        />
      }
    >
      {views.includes("experiments") && (
        <Experiments
          s={s}
          voice={voice}
          onChange={(changed) => put({ ...changed, recorded: false, step: 0, silent: [] })}
        />
      )}
      <Drive g={g} />
      <div class="al-training" data-picture>
        <div class="al-training-curves">
          <Curves g={g} />
          <Readout g={g} />
        </div>
        <div class="al-training-heads">
          <Tiles
            {...{ s, g }}
            silencing={views.includes("silence")}
            onChoose={(at) => put({ chosen: at })}
            onSilence={silence}
          />
          <NextWords g={g} />
        </div>
        <div class="al-training-text">
          <SentenceBox
            sentence={s.sentence.value}
            sentences={model.get("sentences")}
            vocabulary={VOCABULARY}
            voice={voice}
            onChange={(sentence) => put({ sentence, query: 0, selected: null })}
          />
          <div class="al-controls" data-not-in-picture>
            <Choice
              label="Queries are"
              value={s.orientation.value}
              choices={ORIENTATIONS}
              onChange={(value) => (s.orientation.value = value)}
            />
          </div>
          <p class="al-strip-title al-axes">
            Head {layer}.{head}: <span class="al-query">queries</span> in {s.orientation.value},{" "}
            <span class="al-key">keys</span> in{" "}
            {s.orientation.value === "rows" ? "columns" : "rows"}
          </p>
          <div class="al-scroll">
            <MaskGrid
              label={`Head ${layer}.${head}`}
              queries={g.words.value}
              flipped={s.orientation.value === "columns"}
              weights={g.pattern}
              scores={g.scores}
              query={g.query}
              selected={g.cell}
              onSelect={choose}
            />
          </div>
          <Arithmetic g={g} />
        </div>
      </div>
    </Figure>
  );
}
