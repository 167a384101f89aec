// The online softmax by hand: a row of scores, one tile at a time, against the whole row at once.
import { computed } from "@preact/signals";
import { many, number, round, short } from "../core/format.js";
import {
  changedFrom,
  chosenIn,
  cut,
  differenceOf,
  existing,
  fitted,
  movedBy,
  seenBy,
  soundLines,
  trace,
} from "../core/tiles.js";
import { Challenges } from "../parts/Challenges.jsx";
import { Choice, named } from "../parts/Choice.jsx";
import { Examples } from "../parts/Examples.jsx";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { LARGEST } from "../parts/MatrixEditor.jsx";
import { Switch } from "../parts/Switch.jsx";
import { Account, COLUMNS, Chosen } from "../parts/tiles/Account.jsx";
import { Outcome } from "../parts/tiles/Outcome.jsx";
import { Row } from "../parts/tiles/Row.jsx";
import { useFigureState } from "../parts/useFigureState.js";

const STATE = [
  ...["scores", "values", "tile", "order", "maximum", "correction"],
  ...["window", "kept", "selected"],
];
const [FEWEST, MOST] = [2, 12];
const MAXIMA = ["running", "none"];
const CORRECTIONS = ["both", "sum"];
const STEPS = [-100, -1, 1, 100]; // to add to every score

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** The name of the row with these scores. */
const rowOf = (scores, rows) => Object.keys(rows).find((name) => same(rows[name].scores, scores));

function graph(s) {
  const n = computed(() => s.scores.value.length);
  const values = computed(() => fitted(s.values.value, n.value));
  const order = computed(() => existing(s.order.value, n.value, s.tile.value));
  const state = () => Object.fromEntries(STATE.map((name) => [name, s[name].value]));
  const traced = computed(() => trace({ ...state(), values: values.value, order: order.value }));
  return {
    ...{ n, values, order },
    trace: traced,
    difference: computed(() => differenceOf(traced.value)),
    tiles: computed(() => cut(n.value, s.tile.value)),
    seen: computed(() => seenBy(n.value, s.window.value, s.kept.value)),
    selected: computed(() => chosenIn(order.value, s.selected.value)),
  };
}

const isNumber = (value) =>
  typeof value === "number" && Number.isFinite(value) && Math.abs(value) <= LARGEST;
const isWhole = (value, low, high) => Number.isInteger(value) && value >= low && value <= high;
const isList = (value, n, fits) => Array.isArray(value) && value.length === n && value.every(fits);

/** What a link holds, checked field by field. */
function readState(raw) {
  const n = Array.isArray(raw.scores) ? raw.scores.length : 0;
  const isTile = (tile) => isWhole(tile, 0, Math.ceil(n / raw.tile) - 1);
  const checks = {
    scores: (v) => isWhole(n, FEWEST, MOST) && isList(v, n, isNumber),
    values: (v) => isList(v, n, (value) => isList(value, 2, isNumber)),
    tile: (v) => isWhole(v, 1, MOST),
    order: (v) => Array.isArray(v) && v.every(isTile) && new Set(v).size === v.length,
    maximum: (v) => MAXIMA.includes(v),
    correction: (v) => CORRECTIONS.includes(v),
    window: (v) => v === null || isWhole(v, 1, MOST),
    kept: (v) => isWhole(v, 0, MOST),
    selected: (v) =>
      v === null ||
      (isList(v, 2, Number.isInteger) &&
        isWhole(v[0], 0, raw.order.length - 1) &&
        isWhole(v[1], 0, COLUMNS.length - 1)),
  };
  for (const name of STATE)
    if (!checks[name](raw[name])) throw new Error(`its ${name} does not fit this figure`);
  return Object.fromEntries(STATE.map((name) => [name, raw[name]]));
}

/** What the code that goes wrong does with one tile. */
const WRONG = {
  none: [
    "    powers = np.exp(scores[tile])",
    "    total += powers.sum()",
    "    output += powers @ values[tile]",
  ],
  sum: [
    "    new = max(top, scores[tile].max())",
    "    powers = np.exp(scores[tile] - new)",
    "    total = total * np.exp(top - new) + powers.sum()",
    "    output = output + powers @ values[tile]  # the bug: not corrected",
    "    top = new",
  ],
};

function snippet(s, { tiles, seen }) {
  const [n, masked] = [s.scores.value.length, s.window.value !== null];
  const slices = s.order.value
    .filter((tile) => tiles[tile].some((j) => seen[j])) // an empty tile changes nothing
    .map((tile) => `slice(${tiles[tile][0]}, ${tiles[tile].at(-1) + 1})`);
  const lines = [
    "import numpy as np",
    "import attnlib as al",
    "",
    `scores = np.array(${JSON.stringify(s.scores.value)}, dtype=float)`,
    `values = np.array(${JSON.stringify(s.values.value)}, dtype=float)`,
    masked
      ? `keep = al.window_mask(1, ${n}, window=${s.window.value}, kept=${s.kept.value})`
      : `keep = np.ones((1, ${n}), dtype=bool)`,
    `tiles = [${slices.join(", ")}]`,
    "q, k = np.ones((1, 1)), scores[:, None]",
    "print(al.attention(q, k, values, keep, scale=1.0)[0])",
  ];
  const wrong = s.maximum.value === "none" ? WRONG.none : s.correction.value === "sum" && WRONG.sum;
  if (!slices.length) return lines.join("\n");
  if (!wrong)
    return [
      ...lines,
      "parts = [",
      "    al.partial_attention(q, k[tile], values[tile], keep[:, tile], scale=1.0)",
      "    for tile in tiles",
      "]",
      "print(al.merge(*parts).output[0])",
    ].join("\n");
  return [
    ...lines,
    "scores = np.where(keep[0], scores, -np.inf)",
    "top, total, output = -np.inf, 0.0, np.zeros(2)",
    "for tile in tiles:",
    ...wrong,
    "print(output / total)",
  ].join("\n");
}

/** How many tiles after the first correct what came before. */
const correctedIn = (lines) => lines.slice(1).filter(({ factor }) => factor !== 1).length;

const MEASURES = {
  left: ["tiles left", ({ tiles, lines }) => tiles.length - lines.length],
  uncorrected: [
    "tiles after the first that correct nothing",
    ({ lines }) => lines.slice(1).length - correctedIn(lines),
  ],
  corrected: ["corrections of the sum", ({ lines }) => correctedIn(lines)],
  difference: ["difference from the row at once", differenceOf],
  sound: ["lines before the first that breaks", soundLines],
  changed: ["largest change of a weight at once", (now, { scores }) => changedFrom(scores, now)],
  read: ["keys read", ({ seen }) => seen.filter(Boolean).length],
  moved: ["how far the window moves the output", movedBy],
};

const NEEDS = {
  values: () => "the values that it starts from",
  tile: (tile) => `tiles of ${tile}`,
  maximum: (maximum) => (maximum === "running" ? "the running maximum" : "no running maximum"),
  correction: (correction) =>
    `the correction of ${correction === "both" ? "both" : "the sum alone"}`,
  window: (window) => (window === null ? "no window" : `a window of ${window}`),
  kept: (kept) => `${many(kept, "first key")} kept`,
};

/** A menu of numbers from `first` on: "the last key", "the last 3 keys". */
function counted(first, last, which) {
  const told = (n) => (n === 1 ? `${which || 1} key` : `${which} ${n} keys`.trim());
  const numbers = Array.from({ length: last - first + 1 }, (_, n) => first + n);
  return Object.fromEntries(numbers.map((n) => [n, n ? told(n) : "none"]));
}

/** The row's name, its cut and what of it is read. */
function Controls({ s, g, rows, put }) {
  const title = Object.keys(rows).find(
    (name) => same(rows[name].scores, s.scores.value) && same(rows[name].values, s.values.value),
  );
  const n = g.n.value;
  const load = (name) => put({ ...rows[name], order: [], selected: null });
  const cutInto = (tile) => {
    const order = existing(s.order.value, n, tile);
    put({ tile, order, selected: chosenIn(order, s.selected.value) });
  };
  return (
    <div class="al-controls" data-not-in-picture>
      <Examples label="Row" value={title} choices={named(Object.keys(rows))} onChange={load} />
      <Choice
        label="tiles of"
        value={String(s.tile.value)}
        choices={counted(1, Math.max(n, s.tile.value), "")}
        onChange={(tile) => cutInto(Number(tile))}
      />
      <Choice
        label="window"
        value={String(s.window.value ?? "")}
        choices={{ "": "none", ...counted(1, Math.max(n, s.window.value ?? 0), "the last") }}
        onChange={(window) => (s.window.value = window ? Number(window) : null)}
      />
      <Choice
        label="also kept"
        value={String(s.kept.value)}
        choices={counted(0, Math.max(n, s.kept.value), "the first")}
        onChange={(kept) => (s.kept.value = Number(kept))}
      />
    </div>
  );
}

/** Adds a number to every score, where all of them stay within bounds. */
function AddToAll({ s, voice }) {
  const add = (step) => {
    const next = s.scores.value.map((score) => round(score + step, 4));
    if (next.some((score) => Math.abs(score) > LARGEST))
      return voice.tell(`A score would leave −${LARGEST} to ${LARGEST}. They were kept.`, true);
    s.scores.value = next;
    voice.speak(`Every score is ${Math.abs(step)} ${step < 0 ? "less" : "more"}.`);
  };
  return (
    <div class="al-presets" role="group" aria-label="Add to every score">
      <span class="al-hint">Add to every score</span>
      {STEPS.map((step) => (
        <button type="button" onClick={() => add(step)}>
          {step < 0 ? `−${-step}` : `+${step}`}
        </button>
      ))}
    </div>
  );
}

/** How the sums are made, and ways to go on. */
function Drive({ s, g, take, onOrder, voice }) {
  const next = g.tiles.value.findIndex((_, tile) => !s.order.value.includes(tile));
  const begin = () => {
    onOrder([]);
    voice.speak("No tile is taken.");
  };
  return (
    <div class="al-controls" data-not-in-picture>
      <Switch
        label="subtract the running maximum"
        on={s.maximum.value === "running"}
        onChange={(on) => (s.maximum.value = MAXIMA[on ? 0 : 1])}
      />
      <Switch
        label="correct the output too"
        on={s.correction.value === "both"}
        onChange={(on) => (s.correction.value = CORRECTIONS[on ? 0 : 1])}
      />
      <div class="al-presets" role="group" aria-label="Tiles">
        <button
          type="button"
          onClick={() => (next < 0 ? voice.tell("Every tile is taken.") : take(next))}
        >
          Next tile
        </button>
        <button type="button" onClick={begin}>
          Begin again
        </button>
      </div>
      <AddToAll s={s} voice={voice} />
    </div>
  );
}

export function Tiles({ model }) {
  const voice = useVoice();
  const { s, g, start, put, linkState, reset } = useFigureState({
    model,
    voice,
    names: STATE,
    derive: graph,
    read: readState,
  });
  const onOrder = (order) => put({ order, selected: chosenIn(order, s.selected.value) });
  const take = (tile) => {
    const taken = s.order.value.includes(tile);
    voice.tell("");
    onOrder(taken ? s.order.value.filter((one) => one !== tile) : [...s.order.value, tile]);
    if (taken) return voice.speak(`tile ${tile + 1} is given back`);
    const { top, factor, total, output } = g.trace.value.lines.at(-1);
    const [first, second] = output.map((value) => number(value, 3));
    voice.speak(
      `tile ${tile + 1}: maximum ${short(top)}, correction ${number(factor, 3)}, sum ${number(total, 3)}, output ${first} and ${second}`,
    );
  };
  return (
    <Figure
      figure="Tiles"
      model={model}
      voice={voice}
      title={model.get("title")}
      claim="Press a tile. Its terms join the sum; where the maximum rises, what came before is corrected."
      snippet={() => snippet(s, g.trace.value)}
      linkState={linkState}
      reset={reset}
      values={() => g.trace.value}
      after={
        <Challenges
          {...{ model, s, start, put, voice }}
          measure={(condition) => MEASURES[condition.measure][1](g.trace.value, condition)}
          name={({ measure }) => MEASURES[measure][0]}
          needs={{ ...NEEDS, scores: (scores) => `the row “${rowOf(scores, model.get("rows"))}”` }}
        />
      }
    >
      <Controls {...{ s, g, put }} rows={model.get("rows")} />
      <Drive {...{ s, g, take, onOrder, voice }} />
      <div class="al-online" data-picture>
        <div class="al-row">
          <Row {...{ s, g, voice }} onTake={take} />
          <div class="al-online-side">
            <Outcome {...{ s, g }} />
            <Chosen s={s} g={g} />
          </div>
        </div>
        <div class="al-scroll">
          <Account {...{ s, g }} onSelect={(line, column) => (s.selected.value = [line, column])} />
        </div>
      </div>
    </Figure>
  );
}
