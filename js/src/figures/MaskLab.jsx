// A mask is painted; three ways to use it stand side by side, and what each lets through.
import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { list, number } from "../core/format.js";
import { eachRow, softmax } from "../core/mathematics.js";
import { Challenges } from "../parts/Challenges.jsx";
import { Choice, named } from "../parts/Choice.jsx";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { FingerHint } from "../parts/FingerHint.jsx";
import { MaskGrid } from "../parts/MaskGrid.jsx";
import { Meter } from "../parts/Meter.jsx";
import { Steady } from "../parts/Steady.jsx";
import { useFigureState } from "../parts/useFigureState.js";

const STATE = ["example", "mask", "selected", "orientation", "tokens_long", "bytes"];
const ORIENTATIONS = { rows: "rows", columns: "columns (3Blue1Brown)" };
const NUMBERS = { 4: "4 bytes (float32)", 2: "2 bytes (float16)", 1: "1 byte (int8)" };
const LONGEST = 1e6;
const SHORTEST = 10;

const total = (numbers) => numbers.reduce((a, b) => a + b, 0);

/** The three ways: what enters the softmax, and what is done with what comes out. */
const WAYS = {
  zero: {
    title: "0 before softmax",
    enters: (score, may) => (may ? score : 0),
    leaves: (row) => softmax(row),
  },
  after: {
    title: "0 after softmax, renormalised",
    enters: (score) => score,
    leaves: (row, may) => {
      const kept = softmax(row).map((weight, j) => (may[j] ? weight : 0));
      return kept.map((weight) => weight / total(kept));
    },
  },
  infinity: {
    title: "−∞ before softmax",
    enters: (score, may) => (may ? score : -Infinity),
    leaves: (row) => softmax(row),
  },
};

/** Masks by name; `may(i, j)` says whether query i may attend to key j. */
const PRESETS = {
  everyone: () => true,
  causal: (i, j) => j <= i,
  window: (i, j) => j <= i && j >= i - 1,
  "only itself": (i, j) => i === j,
  "first is padding": (i, j) => j <= i && j > 0,
};

const draw = (name, n) =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => PRESETS[name](i, j)));

/** The share of all weight that lies on what is hidden; what is no number is left out. */
function leakOf(weights, keep) {
  let [all, hidden] = [0, 0];
  weights.forEach((row, i) =>
    row.forEach((weight, j) => {
      if (Number.isNaN(weight)) return;
      all += weight;
      if (!keep[i][j]) hidden += weight;
    }),
  );
  return all === 0 ? 0 : hidden / all;
}

/** One of the three ways: what enters the softmax, the weights, and what of them is hidden. */
function follow({ enters, leaves }, example, mask) {
  const eachLine = eachRow((may, i, scores) => {
    const entering = scores[i].map((score, j) => enters(score, may[j]));
    return { entering, weights: leaves(entering, may) };
  });
  const lines = computed(() => eachLine(mask.value, example.value.scores));
  const entering = computed(() => lines.value.map((line) => line.entering));
  const weights = computed(() => lines.value.map((line) => line.weights));
  return { entering, weights, leak: computed(() => leakOf(weights.value, mask.value)) };
}

function graph(s, examples) {
  const example = computed(() => examples[s.example.value]);
  const ways = Object.fromEntries(
    Object.entries(WAYS).map(([id, way]) => [id, follow(way, example, s.mask)]),
  );
  const empty = computed(() =>
    example.value.tokens.filter((_, i) => !s.mask.value[i].includes(true)),
  );
  return { example, empty, ...ways };
}

/** What a link holds, checked field by field. */
function readState(raw, examples) {
  if (!Object.keys(examples).includes(raw.example))
    throw new Error("its phrase is not one of these");
  const n = examples[raw.example].tokens.length;
  const row = (value) =>
    Array.isArray(value) && value.length === n && value.every((v) => typeof v === "boolean");
  if (!Array.isArray(raw.mask) || raw.mask.length !== n || !raw.mask.every(row))
    throw new Error(`its mask is not ${n} by ${n} times true or false`);
  const long = raw.tokens_long;
  if (!Number.isInteger(long) || long < SHORTEST || long > LONGEST)
    throw new Error(`its length is not between ${SHORTEST} and ${LONGEST}`);
  if (!Object.keys(NUMBERS).map(Number).includes(raw.bytes))
    throw new Error("its bytes are not 1, 2 or 4");
  const inside = (v) => Number.isInteger(v) && v >= 0 && v < n;
  const { selected } = raw;
  return {
    ...{ example: raw.example, mask: raw.mask, tokens_long: long, bytes: raw.bytes },
    orientation: Object.keys(ORIENTATIONS).includes(raw.orientation) ? raw.orientation : "rows",
    selected:
      Array.isArray(selected) && selected.length === 2 && selected.every(inside) ? selected : null,
  };
}

function snippet(s, { tokens, scores }) {
  const python = (row) => `[${row.map((may) => (may ? "True" : "False")).join(", ")}]`;
  return [
    "import numpy as np",
    "import attnlib as al",
    "",
    `tokens = ${JSON.stringify(tokens)}`,
    `scores = np.array(${JSON.stringify(scores)}, dtype=float)`,
    `keep = np.array([${s.mask.value.map(python).join(", ")}])`,
    "",
    "zero = al.softmax(np.where(keep, scores, 0.0))",
    "after = np.where(keep, al.softmax(scores), 0.0)",
    'with np.errstate(invalid="ignore"):',
    "    after = after / after.sum(axis=-1, keepdims=True)",
    "infinity = al.softmax(np.where(keep, scores, -np.inf))",
    "for weights in (zero, after, infinity):",
    "    print(weights.round(2), np.nansum(np.where(keep, 0, weights)) / np.nansum(weights))",
  ].join("\n");
}

/** `leak` is a signal. */
function Leak({ leak }) {
  const { look, text, bars } = useMemo(
    () => ({
      look: computed(() => (leak.value > 0 ? "al-broken" : "al-good-number")),
      text: computed(() => `${number(leak.value)} ${leak.value > 0 ? "" : "✓"}`),
      bars: computed(() => [{ ends: [0, leak.value], kind: "al-wrong" }]),
    }),
    [leak],
  );
  return (
    <p class="al-leak-gauge">
      leak{" "}
      <strong class={look}>
        <Steady text={text} />
      </strong>
      <Meter class="al-share" bars={bars} />
    </p>
  );
}

const EMPTY_ROW = {
  zero: "equal weights on keys that are hidden",
  after: "0 ÷ 0, not a number",
  infinity: "all 0, by attnlib’s rule",
};
const MOST_NAMED = 3;

/** Who sees nothing: "fluffy and blue see nothing". */
function blind(words) {
  const who = words.length > MOST_NAMED ? `${words.length} queries` : list(words);
  return `${who} ${words.length === 1 ? "sees" : "see"} nothing`;
}

/** Who sees nothing, if anybody. */
function Blind({ id, g }) {
  const text = useMemo(
    () =>
      computed(() => {
        const words = g.empty.value;
        return words.length ? `${blind(words)}: ${EMPTY_ROW[id]}.` : "";
      }),
    [],
  );
  return <p class="al-hint">{text}</p>;
}

/** What a stroke of the brush changes is written in the parts: this stays as it is. */
function Way({ id, s, g, onSelect }) {
  const { weights, leak } = g[id];
  return (
    <div class="al-way">
      <p class="al-strip-title">{WAYS[id].title}</p>
      <div class="al-scroll">
        <MaskGrid
          label={WAYS[id].title}
          queries={g.example.value.tokens}
          keep={s.mask}
          weights={weights}
          flipped={s.orientation.value === "columns"}
          selected={s.selected}
          onSelect={onSelect}
        />
      </div>
      <Leak leak={leak} />
      <Blind id={id} g={g} />
    </div>
  );
}

/** How one weight comes about in each of the three ways. */
function Compare({ s, g }) {
  const [i, j] = s.selected.value;
  const { tokens, scores } = g.example.value;
  const columns = Object.keys(WAYS).map((id) => {
    const { entering, weights } = g[id];
    const powers = entering.value[i].map((score) => Math.exp(score));
    const kept = id === "after" ? total(powers.filter((_, m) => s.mask.value[i][m])) : null;
    return {
      ...{ id, enters: entering.value[i][j], power: powers[j], sum: total(powers), kept },
      w: weights.value[i][j],
    };
  });
  const line = (label, read) => (
    <tr>
      <th scope="row">{label}</th>
      {columns.map((column) => (
        <td>{read(column)}</td>
      ))}
    </tr>
  );
  return (
    <div class="al-scroll">
      <table class="al-numbers">
        <caption>
          <span class="al-query">{tokens[i]}</span> asks, <span class="al-key">{tokens[j]}</span>{" "}
          answers; the score is {number(scores[i][j])}
        </caption>
        <thead>
          <tr>
            <td />
            {columns.map(({ id }) => (
              <th scope="col">{WAYS[id].title}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {line("goes into the softmax", (c) => number(c.enters))}
          {line("e to that", (c) => number(c.power))}
          {line("sum of the row", (c) => number(c.sum))}
          {line("of which may be seen", (c) => (c.kept === null ? "" : number(c.kept)))}
          {line("weight", (c) => (
            <strong>{number(c.w)}</strong>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const PREFIXES = ["bytes", "kB", "MB", "GB", "TB", "PB"];

/** 20 GB for 2e10 bytes. */
export function inBytes(count) {
  const step = Math.min(PREFIXES.length - 1, Math.floor(Math.log10(count) / 3));
  return `${number(count / 1000 ** step, step ? 1 : 0)} ${PREFIXES[step]}`;
}

const grouped = (n) => n.toLocaleString("en-US");

function Chosen({ s, g }) {
  if (s.selected.value) return <Compare s={s} g={g} />;
  return <p class="al-hint">Choose a cell to see where its weight comes from.</p>;
}

function Bill({ s }) {
  const n = s.tokens_long.value;
  const slide = (event) => {
    const wanted = 10 ** Number(event.currentTarget.value);
    const size = 10 ** Math.max(0, Math.floor(Math.log10(wanted)) - 1);
    s.tokens_long.value = Math.round(wanted / size) * size;
  };
  return (
    <div class="al-under">
      <p class="al-strip-title">The bill: one pattern of one head</p>
      <div class="al-controls" data-not-in-picture>
        <label class="al-field">
          <span>tokens</span>
          <input
            type="range"
            min={Math.log10(SHORTEST)}
            max={Math.log10(LONGEST)}
            step={0.01}
            value={Math.log10(n)}
            aria-valuetext={grouped(n)}
            onInput={slide}
          />
          <strong>{grouped(n)}</strong>
        </label>
        <Choice
          label="a number takes"
          value={String(s.bytes.value)}
          choices={NUMBERS}
          onChange={(value) => (s.bytes.value = Number(value))}
        />
      </div>
      <p class="al-reading">
        {grouped(n)} × {grouped(n)} weights × {s.bytes.value} ={" "}
        <strong>{inBytes(n * n * s.bytes.value)}</strong>. Ten times the tokens, a hundred times the
        bytes.
      </p>
    </div>
  );
}

/** How many words each word has not read, of itself and those before it, after `layers` with this mask. */
function unread(mask, layers) {
  let read = mask;
  for (let layer = 1; layer < layers; layer++)
    read = mask.map((row) =>
      row.map((_, j) => row.some((may, between) => may && read[between][j])),
    );
  return read.flatMap((row, i) => row.slice(0, i + 1).filter((has) => !has)).length;
}

function useMeasures(s, g) {
  const { tokens } = g.example.value;
  const at = (word) => tokens.indexOf(word);
  return {
    leak: ({ way }) => g[way].leak.value,
    empty: () => g.empty.value.length,
    weight: ({ query, key }) =>
      at(query) < 0 || at(key) < 0 ? null : g.infinity.weights.value[at(query)][at(key)],
    hidden: () => s.mask.value.flat().filter((may) => !may).length,
    gain: () => {
      const gains = g.zero.weights.value.flatMap((row, i) => {
        const before = softmax(g.example.value.scores[i]);
        return row.map((weight, j) => (s.mask.value[i][j] ? 0 : weight - before[j]));
      });
      return Math.max(...gains);
    },
    future: () => s.mask.value.flatMap((row, i) => row.slice(i + 1).filter(Boolean)).length,
    unread: ({ layers }) => unread(s.mask.value, layers),
    differs: ({ window }) => {
      const sees = (i, j) => j <= i && j > i - window;
      return s.mask.value.flatMap((row, i) => row.filter((may, j) => may !== sees(i, j))).length;
    },
  };
}

const MEASURED = {
  leak: ({ way }) => `leak of ${WAYS[way].title}`,
  empty: () => "queries that see nothing",
  weight: ({ query, key }) => `weight of ${query} on ${key}, with −∞`,
  hidden: () => "cells hidden",
  future: () => "open cells of the future",
  unread: ({ layers }) => `words not read after ${layers} layers`,
  gain: () => `what a hidden key gains with ${WAYS.zero.title}`,
  differs: () => "cells that are still different",
};

export function MaskLab({ model }) {
  const voice = useVoice();
  const examples = model.get("examples");
  const { s, g, start, put, linkState, reset } = useFigureState({
    model,
    voice,
    names: STATE,
    derive: (signals) => graph(signals, examples),
    read: (raw) => readState(raw, examples),
  });
  const { tokens } = g.example.value;
  const measures = useMeasures(s, g);
  const select = (i, j) => (s.selected.value = [i, j]);
  const paint = (i, j, may) => {
    s.mask.value = s.mask.value.map((row, a) => (a === i ? row.with(j, may) : row));
    voice.speakAtRest(() => {
      const leaks = Object.keys(WAYS).map((id) => number(g[id].leak.value));
      return `${tokens[i]} ${may ? "may attend to" : "may not attend to"} ${tokens[j]}. Leaks ${leaks.join(", ")}.`;
    });
  };
  const open = (example) =>
    put({ example, mask: draw("causal", examples[example].tokens.length), selected: null });
  return (
    <Figure
      figure="MaskLab"
      model={model}
      voice={voice}
      title={model.get("title")}
      claim="Press or drag over the cells of the mask. Hatched cells are hidden; weight that still lands on them is a leak."
      snippet={() => snippet(s, g.example.value)}
      linkState={linkState}
      reset={reset}
      values={() =>
        Object.fromEntries(
          Object.keys(WAYS).map((id) => [
            id,
            { weights: g[id].weights.value, leak: g[id].leak.value },
          ]),
        )
      }
      after={
        <Challenges
          {...{ model, s, voice }}
          measure={(condition) => measures[condition.measure](condition)}
          name={(condition) => MEASURED[condition.measure](condition)}
          needs={{ example: (example) => `“${example}”` }}
          onStart={({ given, start: mask }) => {
            const example = given?.example ?? s.example.value;
            put({ ...start, example, mask: draw(mask, examples[example].tokens.length) });
          }}
        />
      }
    >
      <div class="al-controls" data-not-in-picture>
        <Choice
          label="Phrase"
          value={s.example.value}
          choices={named(Object.keys(examples))}
          onChange={open}
        />
        <Choice
          label="Queries are"
          value={s.orientation.value}
          choices={ORIENTATIONS}
          onChange={(value) => (s.orientation.value = value)}
        />
      </div>
      <div data-picture>
        <div class="al-row">
          <div class="al-mask">
            <p class="al-strip-title">
              the mask: <span class="al-query">queries</span> are {s.orientation.value},{" "}
              <span class="al-key">keys</span> are{" "}
              {s.orientation.value === "rows" ? "columns" : "rows"}
            </p>
            <MaskGrid
              label="mask"
              queries={tokens}
              keep={s.mask}
              flipped={s.orientation.value === "columns"}
              selected={s.selected}
              onPaint={paint}
              onSelect={select}
            />
            <FingerHint />
          </div>
          <div class="al-mask-side">
            <div
              class="al-presets al-mask-presets"
              role="group"
              aria-label="Masks"
              data-not-in-picture
            >
              <span class="al-hint">Load</span>
              {Object.keys(PRESETS).map((name) => (
                <button type="button" onClick={() => (s.mask.value = draw(name, tokens.length))}>
                  {name}
                </button>
              ))}
              <button
                type="button"
                onClick={() => (s.mask.value = s.mask.value.map((row) => row.map((may) => !may)))}
              >
                turn it round
              </button>
            </div>
            <Chosen s={s} g={g} />
          </div>
        </div>
        <div class="al-row al-ways-of-masking">
          {Object.keys(WAYS).map((id) => (
            <Way id={id} s={s} g={g} onSelect={select} />
          ))}
        </div>
      </div>
      <Bill s={s} />
    </Figure>
  );
}
