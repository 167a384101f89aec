// A text written word by word, with and without a cache of keys and values.
import { computed } from "@preact/signals";
import {
  LATENT,
  SHARED,
  keyHeadOf,
  layer,
  multiplications,
  nKeys,
  readAtOnce,
  seen,
  stateOf,
  write,
} from "../core/cached.js";
import { many, number, whole } from "../core/format.js";
import { Bands, Legend, STATES } from "../parts/cache/Bands.jsx";
import { Bill, sum } from "../parts/cache/Bill.jsx";
import { Compare, ROUNDING } from "../parts/cache/Compare.jsx";
import { Growth } from "../parts/cache/Growth.jsx";
import { snippet } from "../parts/cache/snippet.js";
import { Why, madeOf } from "../parts/cache/Why.jsx";
import { Challenges } from "../parts/Challenges.jsx";
import { Choice } from "../parts/Choice.jsx";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { Switch } from "../parts/Switch.jsx";
import { useFigureState } from "../parts/useFigureState.js";

const STATE = ["step", "cache", "sharing", "window", "bug", "selected"];
const SHARINGS = {
  "multi-head": "4: multi-head",
  grouped: "2: grouped",
  "multi-query": "1: multi-query",
  latent: "latent, and a rotary key",
};
const WINDOWS = { 3: "3 words", 8: "none" };
const BUGS = {
  none: "none",
  offset: "the new word stands at 0",
  tile: "tile in place of repeat",
};

/** What is kept of each word, row by row; the names as in CacheLab.rows of Python. */
function rowsOf(sharing, block, weights, readers) {
  if (sharing === LATENT) {
    const shared = { head: 0, readers: readers[0], scores: true, part: true };
    const n = weights.w_kr[0].length;
    return [
      {
        ...{ ...shared, name: "rotary key", kind: "key", matrix: "w_kr", w: weights.w_kr },
        ...{ turns: true, columns: [0, n], numbers: ({ key }) => key[0].slice(0, n) },
      },
      {
        ...{ ...shared, name: "latent", kind: "value", matrix: "w_down", w: weights.w_down },
        ...{ columns: [n], numbers: ({ value }) => value[0], mixed: madeOf(weights.u_v) },
      },
    ];
  }
  return block.w_k.flatMap((w_k, g) => {
    const of = (part) => ({ name: `${part} ${g + 1}`, kind: part, head: g, readers: readers[g] });
    return [
      {
        ...{ ...of("key"), matrix: `w_k of key head ${g + 1}`, w: w_k, turns: true },
        ...{ scores: true, columns: [0], numbers: ({ key }) => key[g] },
      },
      {
        ...{ ...of("value"), matrix: `w_v of key head ${g + 1}`, w: block.w_v[g], columns: [0] },
        ...{ numbers: ({ value }) => value[g], mixed: (_, numbers) => numbers },
      },
    ];
  });
}

function readersOf({ w_q, w_k }, tile) {
  const heads = w_q.map((_, h) => keyHeadOf(h, w_q.length, w_k.length, tile));
  return w_k.map((_, g) => heads.flatMap((one, h) => (one === g ? [h] : [])));
}

const furthest = (here, there) => Math.max(...here.map((value, a) => Math.abs(value - there[a])));

/** The multiplications of every word, by kind, and the totals after 0, 1, 2, ... words. */
function workOf(how, n, settings) {
  const works = Array.from({ length: n }, (_, place) => multiplications(how, place, settings));
  const totals = works.reduce((all, work) => [...all, all.at(-1) + sum(work)], [0]);
  return { works, totals };
}

function graph(s, model) {
  const [weights, words] = [model.get("weights"), model.get("words")];
  const how = computed(() => layer(weights, s.sharing.value));
  const settings = computed(() => ({
    ...{ cache: s.cache.value, window: s.window.value, bug: s.bug.value },
  }));
  const x = computed(() => weights.x.slice(0, s.step.value));
  const writing = computed(() => write(how.value, x.value, settings.value));
  const atOnce = computed(() => readAtOnce(how.value, x.value, s.window.value));
  const readers = computed(() => readersOf(how.value.writes, s.bug.value === "tile"));
  const rows = computed(() => rowsOf(s.sharing.value, how.value.writes, weights, readers.value));
  const states = computed(() =>
    words.map((_, place) => stateOf(place, s.step.value, settings.value)),
  );
  const counted = (cache) =>
    computed(() => workOf(how.value, words.length, { cache, window: s.window.value }));
  const [kept, without] = [counted(true), counted(false)];
  return {
    ...{ how, writing, atOnce, readers, rows, states, kept, without },
    differences: computed(() =>
      writing.value.outputs.map((row, place) => furthest(row, atOnce.value[place])),
    ),
    works: computed(() => (s.cache.value ? kept : without).value.works.slice(0, s.step.value)),
    // A notebook sets one trait after the other: for a moment it may be a row of another sharing.
    chosen: computed(() => (s.selected.value?.[0] < rows.value.length ? s.selected.value : null)),
    nKeys: computed(() => nKeys(how.value, weights.x[0])),
    ...memory(s, how),
  };
}

/** Numbers held by the cache, read from it for the newest word, and for all. */
function memory(s, how) {
  const held = (step) => (step ? seen(step - 1, s.window.value) : 0);
  const readAt = (step) => Math.max(0, held(step) - 1) * how.value.nKept;
  const on = (count) => computed(() => (s.cache.value ? count() : 0));
  return {
    held: on(() => held(s.step.value) * how.value.nKept),
    read: on(() => readAt(s.step.value)),
    allRead: on(() => {
      const steps = Array.from({ length: s.step.value }, (_, n) => n + 1);
      return steps.reduce((all, step) => all + readAt(step), 0);
    }),
  };
}

/** What a link holds, checked field by field. */
function readState(raw, model) {
  const n = model.get("words").length;
  const inside = (v, n) => Number.isInteger(v) && v >= 0 && v < n;
  const nRows = raw.sharing === LATENT ? 2 : 2 * SHARED[raw.sharing];
  const checks = {
    step: (v) => inside(v, n + 1),
    cache: (v) => typeof v === "boolean",
    sharing: (v) => Object.keys(SHARINGS).includes(v),
    window: (v) => typeof v === "number" && Object.hasOwn(WINDOWS, v),
    bug: (v) => Object.keys(BUGS).includes(v),
    selected: (v) =>
      v === null || (Array.isArray(v) && v.length === 2 && inside(v[0], nRows) && inside(v[1], n)),
  };
  for (const [name, fits] of Object.entries(checks))
    if (!fits(raw[name])) throw new Error(`its ${name} does not fit this figure`);
  return Object.fromEntries(STATE.map((name) => [name, raw[name]]));
}

const MEASURES = {
  written: ["words written", ({ s }) => s.step.value],
  kept: ["numbers kept", ({ g }) => g.held.value],
  read: ["numbers read for the newest word", ({ g }) => g.read.value],
  keys: ["different keys that the heads read of a word", ({ g }) => g.nKeys.value],
  work: [
    "multiplications for the newest word",
    ({ g }) => (g.works.value.length ? sum(g.works.value.at(-1)) : null),
  ],
  growth: [
    "more multiplications than for the word before",
    ({ g }) => {
      const [before, newest] = g.works.value.slice(-2);
      return newest ? sum(newest) - sum(before) : null;
    },
  ],
  difference: ["the newest word is off by", ({ g }) => g.differences.value.at(-1) ?? null],
  first: ["the first word is off by", ({ g }) => g.differences.value[0] ?? null],
};

/** What the last word that was written took, in a sentence. */
function tellStep({ s, g, words }) {
  const step = s.step.value;
  if (!step) return "Nothing is written.";
  const most = g.differences.value.at(-1);
  const work = `${many(sum(g.works.value.at(-1)), "multiplication")}`;
  const off = most < ROUNDING ? "as for the whole text" : `off by ${number(most)}`;
  return `${words[step - 1]}, word ${step} of ${words.length}: ${work}, ${many(g.read.value, "number")} read from the cache, output ${off}.`;
}

function Steps({ s, words, onStep }) {
  const step = s.step.value;
  return (
    <div class="al-controls" data-not-in-picture>
      <button
        type="button"
        class="al-primary"
        aria-disabled={step === words.length}
        onClick={() => onStep(1)}
      >
        Write the next word
      </button>
      <button type="button" aria-disabled={step === 0} onClick={() => onStep(-1)}>
        Back
      </button>
      <button type="button" onClick={() => onStep(-step)}>
        From the start
      </button>
      <span class="al-hint">
        {step} of {words.length} words written
      </span>
    </div>
  );
}

function Settings({ s, told }) {
  const put = (name) => (value) => {
    s[name].value = value;
    told();
  };
  return (
    <div class="al-controls" data-not-in-picture>
      <Switch label="keep a cache" on={s.cache.value} onChange={put("cache")} />
      <Choice
        label="Key heads"
        value={s.sharing.value}
        choices={SHARINGS}
        onChange={put("sharing")}
      />
      <Choice
        label="Window"
        value={String(s.window.value)}
        choices={WINDOWS}
        onChange={(value) => put("window")(Number(value))}
      />
      <Choice label="Bug" value={s.bug.value} choices={BUGS} onChange={put("bug")} />
    </div>
  );
}

/** The setting in words: a saved picture has no controls. */
function tellSetting(s) {
  const kept = s.cache.value ? "with a cache" : "without a cache: the whole text is run again";
  const sees = WINDOWS[s.window.value] === "none" ? "" : `, a window of ${s.window.value} words`;
  const bug = s.bug.value === "none" ? "" : `; a bug: ${BUGS[s.bug.value]}`;
  return `${s.sharing.value}, ${kept}${sees}${bug}`;
}

/** What `Bill` tells: rows that are run for the newest word, and pairs of a row and a place that it sees. */
function billed({ s, g }) {
  const [step, { writes, nKept }] = [s.step.value, g.how.value];
  const rows = s.cache.value ? [step - 1] : Array.from({ length: step }, (_, n) => n);
  return {
    ...{ block: writes, nKept, nRows: rows.length },
    nPairs: rows.reduce((all, row) => all + seen(row, s.window.value), 0),
    ...{ works: g.works.value, allRead: g.allRead.value },
    ...{ nRead: g.read.value / nKept, nHeld: g.held.value / nKept },
  };
}

/** The chosen cell, as `Why` explains it. */
function explained({ s, g, words, weights }) {
  if (!g.chosen.value) return {};
  const [r, place] = g.chosen.value;
  const [row, step] = [g.rows.value[r], s.step.value];
  const { made, newest } = g.writing.value;
  const isTold = s.cache.value && s.bug.value === "offset";
  return {
    ...{ row, word: words[place], state: g.states.value[place], x: weights.x[place] },
    ...{ place: isTold ? 0 : place, isTold },
    numbers: made[place] && row.numbers(made[place]),
    ...{ newest, asks: words[step - 1], scale: g.how.value.writes.scale },
    at: step ? place - (step - seen(step - 1, s.window.value)) : -1,
  };
}

export function CacheLab({ model }) {
  const voice = useVoice();
  const [words, weights] = [model.get("words"), model.get("weights")];
  const { s, g, start, put, linkState, reset } = useFigureState({
    model,
    voice,
    names: STATE,
    derive: (signals) => graph(signals, model),
    read: (raw) => readState(raw, model),
  });
  const told = () => voice.speak(tellStep({ s, g, words }));
  const goBy = (by) => {
    s.step.value = Math.max(0, Math.min(words.length, s.step.value + by));
    told();
  };
  const choose = ([r, place]) => {
    s.selected.value = [r, place];
    const { name } = g.rows.value[r];
    voice.speak(`${name} of ${words[place]}: ${STATES[g.states.value[place]]}`);
  };
  const step = s.step.value;
  return (
    <Figure
      figure="CacheLab"
      model={model}
      voice={voice}
      title={model.get("title")}
      claim="Write the text word by word. See which keys and values are made, which are read again, and what that costs."
      snippet={() => snippet(linkState(), weights, g.how.value.writes)}
      linkState={linkState}
      reset={reset}
      values={() => ({
        outputs: g.writing.value.outputs,
        whole: g.atOnce.value,
        weights: g.writing.value.newest?.weights ?? [],
        keys: g.writing.value.made.map(({ key }) => key),
        values: g.writing.value.made.map(({ value }) => value),
        states: g.states.value,
        works: g.works.value,
        curves: { kept: g.kept.value.totals, without: g.without.value.totals },
        ...{ kept: g.held.value, read: g.read.value, allRead: g.allRead.value },
        nKeys: g.nKeys.value,
        differences: g.differences.value,
      })}
      after={
        <Challenges
          {...{ model, s, start, put, voice }}
          measure={(condition) => MEASURES[condition.measure][1]({ s, g })}
          name={({ measure }) => MEASURES[measure][0]}
          needs={{ window: () => "no window", bug: () => "no bug" }}
        />
      }
    >
      <Steps {...{ s, words }} onStep={goBy} />
      <Settings {...{ s, told }} />
      <div data-picture class="al-cache">
        <div class="al-cache-side">
          <p class="al-strip-title">{tellSetting(s)}</p>
          <Bands
            {...{ words, step }}
            readers={g.readers.value}
            rows={g.rows.value}
            states={g.states.value}
            chosen={g.chosen.value}
            onSelect={choose}
            onStep={goBy}
          />
          <Legend states={g.states.value} rows={g.rows.value} />
          {step > 0 && (
            <Compare
              {...{ words }}
              writing={g.writing.value}
              whole={g.atOnce.value}
              differences={g.differences.value}
            />
          )}
        </div>
        <div class="al-cache-side">
          <div class="al-cache-cost">
            {step > 0 && (
              <div class="al-scroll">
                <Bill {...billed({ s, g })} />
              </div>
            )}
            <Growth
              curves={{ kept: g.kept.value.totals, without: g.without.value.totals }}
              {...{ step }}
              cache={s.cache.value}
            />
          </div>
        </div>
        <Why {...explained({ s, g, words, weights })} />
      </div>
      <p class="al-hint al-cache-note">
        An imagined layer: its words’ vectors and matrices are drawn at random, the arithmetic is
        real. Counted are products of two numbers; softmax, scaling, turning and hidden pairs are
        left out. In the grid arrow keys walk, + writes a word and − takes it back.
      </p>
    </Figure>
  );
}
