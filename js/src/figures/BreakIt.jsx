// A laboratory for breaking attention: each switch computes one bug, the gauges show its symptoms.
import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import * as bugs from "../core/bugs.js";
import { number } from "../core/format.js";
import { seededShuffle } from "../core/mathematics.js";
import { Challenges } from "../parts/Challenges.jsx";
import { Choice } from "../parts/Choice.jsx";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { describeCell } from "../parts/Grid.jsx";
import { PatternGrid } from "../parts/PatternGrid.jsx";
import { SentenceBox, readSentence } from "../parts/SentenceBox.jsx";
import { Switch } from "../parts/Switch.jsx";
import { useFigureState } from "../parts/useFigureState.js";
import { useOwnId } from "../parts/useOwnId.js";

const STATE = [
  ...["sentence", "mask", "bugs", "case", "seed", "named"],
  ...["orientation", "show", "selected"],
];
const FEWEST_TOKENS = 3;
const LARGEST_SEED = 999999;
const CASES = ["A", "B", "C"];
const CHOICES = { orientation: ["rows", "columns"], show: ["dots", "scores", "weights"] };

const range = ([low, high]) =>
  number(low) === number(high) ? number(low) : `${number(low)} to ${number(high)}`;
const GAUGES = [
  { id: "rows", label: "a row of weights sums to", text: range },
  { id: "columns", label: "a column of weights sums to", text: range },
  { id: "leak", label: "weight on hidden keys", text: (v) => number(v) },
  {
    id: "past",
    label: "earlier outputs move with the last word, by",
    text: (v) => number(v),
  },
  { id: "nans", label: "weights that are not a number", text: (v) => `${v}` },
  { id: "entropy", label: "entropy of a row, in bits", text: (v) => number(v) },
  { id: "alive", label: "rows that still learn", text: (v) => `${number(v * 100, 0)}%` },
  { id: "ratio", label: "scores, times what they should be", text: range },
  { id: "error", label: "largest error of a weight", text: (v) => number(v) },
  {
    ...{ id: "touched", label: "queries that change with the first word", text: (v) => `${v}` },
    about: "reshape", // shown where this bug is offered
  },
];

/** What a condition of a challenge measures: a gauge, one end of it, or a count. */
const MEASURES = {
  "rows-least": { label: "least sum of a row", of: ({ here }) => here.rows[0] },
  "rows-most": { label: "largest sum of a row", of: ({ here }) => here.rows[1] },
  leak: { label: "leak", of: ({ here }) => here.leak },
  past: { label: "the past moves by", of: ({ here }) => here.past },
  nans: { label: "weights that are not a number", of: ({ here }) => here.nans },
  error: { label: "largest error of a weight", of: ({ here }) => here.error },
  bugs: { label: "bugs switched on", of: ({ active }) => active.length },
  found: { label: "bugs named at the first try", of: ({ found }) => found },
};

/** Which key each query may attend to. */
function maskOf(kind, n) {
  const may = {
    everyone: () => true,
    causal: (i, j) => j <= i,
    padding: (i, j) => j <= i && j > 0,
  }[kind];
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => may(i, j)));
}

function graph(s, model) {
  const [vocabulary, head] = [model.get("vocabulary"), model.get("head")];
  const hidden = computed(() => {
    const [A, B, C] = seededShuffle(Object.keys(model.get("known")), s.seed.value);
    return { A, B, C };
  });
  const words = computed(() => s.sentence.value.split(" "));
  const x = computed(() => words.value.map((word) => vocabulary[word]));
  const keep = computed(() => maskOf(s.mask.value, words.value.length));
  const active = computed(() => (s.case.value ? [hidden.value[s.case.value]] : s.bugs.value));
  const setting = computed(() => ({ x: x.value, head, keep: keep.value, bugs: active.value }));
  const traced = computed(() => bugs.trace(setting.value));
  return {
    ...{ hidden, words, keep, active, setting, traced },
    scores: computed(() => traced.value.entering),
    weights: computed(() => traced.value.weights),
    here: computed(() => bugs.symptoms(setting.value)),
    right: computed(() => bugs.symptoms({ ...setting.value, bugs: [] })),
    found: computed(() => CASES.filter((c) => s.named.value[c]?.[0] === hidden.value[c]).length),
  };
}

/** What a link holds, checked field by field. */
function readState(raw, model) {
  const [vocabulary, known] = [model.get("vocabulary"), Object.keys(model.get("known"))];
  if (typeof raw.sentence !== "string") throw new Error("it holds no sentence");
  const words = readSentence(raw.sentence, vocabulary);
  if (words instanceof Error) throw words;
  if (words.length < FEWEST_TOKENS) throw new Error(`its phrase is shorter than ${FEWEST_TOKENS}`);
  if (!Object.keys(model.get("masks")).includes(raw.mask))
    throw new Error("its mask is not one of these");
  const listed = Array.isArray(raw.bugs) && raw.bugs.every((bug) => known.includes(bug));
  if (!listed || clash(raw.bugs, model)) throw new Error("its bugs do not fit together");
  if (!["", ...CASES].includes(raw.case)) throw new Error("its case is not A, B or C");
  if (!Number.isInteger(raw.seed) || raw.seed < 0 || raw.seed > LARGEST_SEED)
    throw new Error("its seed is not a whole number");
  const inside = (n) => Number.isInteger(n) && n >= 0 && n < words.length;
  const chosen = raw.selected;
  const state = { ...raw, sentence: words.join(" "), bugs: [...new Set(raw.bugs)] };
  const tries = (c) => (Array.isArray(raw.named?.[c]) ? raw.named[c] : []);
  state.named = Object.fromEntries(
    CASES.filter((c) => tries(c).length && tries(c).every((bug) => known.includes(bug))).map(
      (c) => [c, tries(c)],
    ),
  );
  for (const [name, choices] of Object.entries(CHOICES))
    state[name] = choices.includes(raw[name]) ? raw[name] : choices[0];
  state.selected =
    Array.isArray(chosen) && chosen.length === 2 && chosen.every(inside) ? chosen : null;
  return Object.fromEntries(STATE.map((name) => [name, state[name]]));
}

/** Two of `list` that do the same step of the computation, or nothing. */
const clash = (list, model) =>
  model.get("exclusive").find((pair) => pair.every((bug) => list.includes(bug)));

function snippet(s, g) {
  const [words, n] = [JSON.stringify(s.sentence.value), g.words.value.length];
  if (s.case.value)
    return [
      "from attnlib.figures import BreakIt",
      "",
      `figure = BreakIt(${words}, mask="${s.mask.value}", case="${s.case.value}", seed=${s.seed.value})`,
      "print(figure.trace.weights.round(2))",
      "print(figure.symptoms)",
    ].join("\n");
  const masks = {
    everyone: [`mask = np.ones((${n}, ${n}), dtype=bool)`],
    causal: [`mask = al.causal_mask(${n})`],
    padding: [`mask = al.causal_mask(${n})`, "mask[:, 0] = False"],
  };
  return [
    "import numpy as np",
    "import attnlib as al",
    "from attnlib import bugs",
    "from attnlib.world import PHRASES",
    "",
    `x = PHRASES.embed(${words})`,
    'head = PHRASES.head("nouns look for adjectives")',
    ...masks[s.mask.value],
    `broken = ${JSON.stringify(s.bugs.value)}`,
    "print(bugs.trace(x, head, mask, broken).weights.round(2))",
    "print(bugs.symptoms(x, head, mask, broken))",
  ].join("\n");
}

function Switches({ known, s, model, voice, onChange }) {
  const toggle = (bug, on) => {
    const others = s.bugs.value.filter((one) => one !== bug);
    const pair = on && clash([...others, bug], model);
    const kept = pair ? others.filter((one) => !pair.includes(one)) : others;
    s.bugs.value = on ? [...kept, bug] : kept;
    const gone = others.find((one) => !kept.includes(one));
    if (gone) voice.tell(`“${known[gone]}” was switched off: both do the same step.`);
    onChange();
  };
  return (
    <fieldset class="al-switches">
      <legend class="al-strip-title">Bugs</legend>
      {Object.entries(known).map(([bug, text]) => (
        <Switch label={text} on={s.bugs.value.includes(bug)} onChange={(on) => toggle(bug, on)} />
      ))}
    </fieldset>
  );
}

/** Says what would be otherwise if the bug were the one that was named. */
function counterexample(guess, setting, here) {
  const there = bugs.symptoms({ ...setting, bugs: [guess] });
  const telling = GAUGES.find(({ id, text }) => text(there[id]) !== text(here[id]));
  if (!telling) return "Under this mask the two look the same. Change the mask and look again.";
  const { id, label, text } = telling;
  return `With that bug, “${label}” would read ${text(there[id])}. Here it reads ${text(here[id])}.`;
}

function Detective({ known, s, g, voice }) {
  const group = useOwnId();
  const chosen = s.case.value;
  const tries = s.named.value[chosen] ?? [];
  const named = tries.at(-1);
  const right = named === g.hidden.value[chosen];
  const name = (bug) => {
    s.named.value = { ...s.named.value, [chosen]: [...tries, bug] };
    const solved = bug === g.hidden.value[chosen];
    voice.speak(
      solved
        ? `Yes: case ${chosen} is ${known[bug]}.`
        : `No. ${counterexample(bug, g.setting.value, g.here.value)}`,
    );
  };
  return (
    <fieldset class="al-switches">
      <legend class="al-strip-title">Which bug is in case {chosen}?</legend>
      {Object.entries(known).map(([bug, text]) => (
        <label class="al-switch">
          <input
            type="radio"
            name={`${group}-${chosen}`}
            checked={named === bug}
            onChange={() => name(bug)}
          />
          {text}
        </label>
      ))}
      {named && (
        <p class={right ? "al-why al-found" : "al-why"}>
          {right ? (
            <>
              <strong>Yes, that is it.</strong>
              {tries.length > 1 && ` It took ${tries.length} tries.`}
            </>
          ) : (
            <>
              <strong>Not this one.</strong> {counterexample(named, g.setting.value, g.here.value)}
            </>
          )}
        </p>
      )}
    </fieldset>
  );
}

/** Three bugs that nobody has named yet. */
const threeOthers = (s) => ({ seed: (s.seed.value + 1) % (LARGEST_SEED + 1), named: {} });

function Modes({ s, g, put, voice }) {
  const open = (name) => {
    s.case.value = name;
    voice.speak(name ? `Case ${name}: one bug is in it.` : "You hold the switches.");
  };
  const mark = (name) => {
    const named = s.named.value[name]?.at(-1);
    if (named === undefined) return "";
    return named === g.hidden.value[name] ? " ✓" : " …";
  };
  return (
    <div class="al-presets" role="group" aria-label="Who breaks it" data-not-in-picture>
      <button type="button" aria-pressed={s.case.value === ""} onClick={() => open("")}>
        I break it
      </button>
      {CASES.map((name) => (
        <button type="button" aria-pressed={s.case.value === name} onClick={() => open(name)}>
          hidden bug {name}
          {mark(name)}
        </button>
      ))}
      <button
        type="button"
        onClick={() => {
          put(threeOthers(s));
          open("A");
        }}
      >
        three others
      </button>
    </div>
  );
}

function Gauges({ here, right, known }) {
  const shown = GAUGES.filter(({ about }) => !about || Object.hasOwn(known, about));
  return (
    <table class="al-numbers al-gauges">
      <caption>symptoms</caption>
      <thead>
        <tr>
          <th scope="col">what is measured</th>
          <th scope="col">no bug</th>
          <th scope="col">here</th>
        </tr>
      </thead>
      <tbody>
        {shown.map(({ id, label, text }) => {
          const [should, is] = [text(right[id]), text(here[id])];
          return (
            <tr>
              <th scope="row">{label}</th>
              <td>{should}</td>
              <td class={should === is ? "" : "al-broken"}>
                {is}
                {should !== is && <span aria-label=", differs"> ≠</span>}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** The softmax of one line, a row or by mistake a column, as far as it concerns `score`. */
function Softmax({ line, score, name, byRule }) {
  const top = Math.max(...line);
  if (top === -Infinity)
    return byRule
      ? `along the ${name}: all hidden, so all weights are 0`
      : `along the ${name}: all are −∞, and −∞ minus −∞ is not a number`;
  const total = line.reduce((sum, other) => sum + Math.exp(other - top), 0);
  const power = Math.exp(score - top);
  return `along the ${name}: ${number(power, 3)} ÷ ${number(total, 3)} = ${number(power / total)}`;
}

/** How the chosen weight came about, with the bugs in it; `secret` keeps what names a hidden one. */
function Steps({ g, i, j, secret }) {
  const { divisor, scores, entering, weights, seen } = g.traced.value;
  const [words, bugsHere] = [g.words.value, g.active.value];
  const columns = bugsHere.includes("axis");
  const hides = seen[i][j] ? "the program lets it be seen" : "the program hides it";
  const late = bugsHere.includes("after") && !seen[i][j];
  return (
    <div class="al-strip">
      <p class="al-strip-title">
        <span class="al-query">{words[i]}</span> asks, <span class="al-key">{words[j]}</span>{" "}
        answers
      </p>
      {secret && <p>How it came about is shown when the bug is named.</p>}
      <ol class="al-steps">
        {!secret && (
          <>
            <li>
              {number(scores[i][j] * divisor)} ÷ {number(divisor)} = {number(scores[i][j])}
            </li>
            <li>
              {hides}
              {late ? ", but only after the softmax" : ""}: into the softmax goes{" "}
              {number(entering[i][j])}
            </li>
            <li>
              <Softmax
                line={columns ? entering.map((row) => row[j]) : entering[i]}
                score={entering[i][j]}
                name={columns ? "column" : "row"}
                byRule={!bugsHere.includes("half")}
              />
            </li>
          </>
        )}
        <li>
          weight: <strong>{number(weights[i][j])}</strong>
          {!g.keep.value[i][j] && ", and the mask says that it should be hidden"}
        </li>
      </ol>
    </div>
  );
}

export function BreakIt({ model }) {
  const voice = useVoice();
  const [vocabulary, known] = [model.get("vocabulary"), model.get("known")];
  const { s, g, start, put, linkState, reset } = useFigureState({
    model,
    voice,
    names: STATE,
    derive: (signals) => graph(signals, model),
    read: (raw) => readState(raw, model),
  });
  const [here, right] = [g.here.value, g.right.value];
  const words = g.words.value;
  const secret =
    s.case.value && s.named.value[s.case.value]?.at(-1) !== g.hidden.value[s.case.value];
  const chosen = s.selected.value?.every((n) => n < words.length) ? s.selected.value : null;
  const tell = () => {
    voice.speakAtRest(() => {
      const { rows, leak, nans } = g.here.value;
      return `Rows sum to ${range(rows)}, leak ${number(leak)}, ${nans} weights are not a number.`;
    });
  };
  const pattern = useMemo(
    () => (
      <PatternGrid
        tokens={g.words}
        scores={g.scores}
        weights={g.weights}
        show={s.show}
        orientation={s.orientation}
        selected={s.selected}
        onSelect={(i, j) => {
          s.selected.value = [i, j];
          const [score, weight] = [g.scores.value[i][j], g.weights.value[i][j]];
          voice.speak(describeCell(g.words.value, i, j, score, weight));
        }}
      />
    ),
    [],
  );
  const changeSentence = (sentence) => {
    if (sentence.split(" ").length < FEWEST_TOKENS)
      return voice.tell(`Write at least ${FEWEST_TOKENS} words: with fewer, little shows.`, true);
    put({ sentence, selected: null });
  };
  return (
    <Figure
      figure="BreakIt"
      model={model}
      voice={voice}
      title={model.get("title")}
      claim="Switch on a bug and read its symptoms. Then find one that is hidden, from symptoms alone."
      snippet={() => snippet(s, g)}
      linkState={linkState}
      reset={reset}
      values={() => ({
        weights: g.weights.value,
        scores: g.traced.value.scores,
        entering: g.scores.value,
        output: g.traced.value.output,
        symptoms: g.here.value,
        active: g.active.value,
      })}
      after={
        <Challenges
          {...{ model, s, voice }}
          needs={{
            case: () => "the switches (press “I break it”)",
            mask: (mask) => `the mask “${model.get("masks")[mask]}”`,
          }}
          measure={(condition) =>
            MEASURES[condition.measure].of({ here, active: g.active.value, found: g.found.value })
          }
          name={({ measure }) => MEASURES[measure].label}
          onStart={({ given, setting }) =>
            put({ ...start, ...given, ...setting, ...(setting?.case ? threeOthers(s) : {}) })
          }
        />
      }
    >
      <SentenceBox
        sentence={s.sentence.value}
        sentences={model.get("sentences")}
        vocabulary={vocabulary}
        voice={voice}
        onChange={changeSentence}
      >
        <Choice
          label="Mask"
          value={s.mask.value}
          choices={model.get("masks")}
          onChange={(mask) => {
            s.mask.value = mask;
            tell();
          }}
        />
      </SentenceBox>
      <Modes {...{ s, g, put, voice }} />
      <div class="al-row" data-picture>
        {s.case.value ? (
          <Detective known={known} s={s} g={g} voice={voice} />
        ) : (
          <Switches known={known} s={s} model={model} voice={voice} onChange={tell} />
        )}
        <Gauges {...{ here, right, known }} />
        <div class="al-main">
          {pattern}
          <div class="al-controls" data-not-in-picture>
            <Choice
              label="Show"
              value={s.show.value}
              choices={{ dots: "weights as dots", weights: "weights", scores: "scores" }}
              onChange={(value) => (s.show.value = value)}
            />
            <Choice
              label="Queries are"
              value={s.orientation.value}
              choices={{ rows: "rows", columns: "columns (3Blue1Brown)" }}
              onChange={(value) => (s.orientation.value = value)}
            />
          </div>
        </div>
        {chosen && <Steps {...{ g, secret }} i={chosen[0]} j={chosen[1]} />}
      </div>
    </Figure>
  );
}
