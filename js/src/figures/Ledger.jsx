// The parameters of a transformer that the reader puts together, to the last digit.
import { batch, computed } from "@preact/signals";
import { whole } from "../core/format.js";
import { BYTES, EXTRAS, USUAL, cacheBytes, stateNumbers } from "../core/counting/shape.js";
import { active, complete, tally } from "../core/counting/tally.js";
import { readConfig, textConfig } from "../core/configs/read.js";
import { Challenges } from "../parts/Challenges.jsx";
import { named } from "../parts/Choice.jsx";
import { Examples } from "../parts/Examples.jsx";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { Config } from "../parts/ledger/Config.jsx";
import { Sizes } from "../parts/ledger/Sizes.jsx";
import { Account, Table, percent } from "../parts/ledger/Table.jsx";
import { Tower } from "../parts/ledger/Tower.jsx";
import { Walk, Weight, walk } from "../parts/ledger/Walk.jsx";
import { useFigureState } from "../parts/useFigureState.js";

const STATE = ["shape", "config", "precision", "n_tokens", "opened"];
const MOST_TOKENS = 1_000_000;
const FIELDS = ["n_layers", "n_heads", "d_model", "n_vocab", ...Object.keys(USUAL)];
const isSame = (one, other) => FIELDS.every((name) => one[name] === other[name]);

function graph(s, tables) {
  const shape = computed(() => complete(s.shape.value));
  const counted = computed(() => tally(shape.value));
  const opened = computed(() => {
    const known = counted.value.entries.some(({ id }) => id === s.opened.value);
    return known ? s.opened.value : null;
  });
  const lines = computed(() => s.config.value && readConfig(s.config.value, tables).lines);
  return { shape, counted, opened, lines };
}

/** What a link holds, checked field by field. */
function readState(raw, tables) {
  if (typeof raw.shape !== "object" || raw.shape === null) throw new Error("it holds no shape");
  const shape = { ...EXTRAS, ...raw.shape };
  for (const name of FIELDS)
    if (!Object.hasOwn(shape, name)) throw new Error(`its shape does not say ${name}`);
  const asked = Object.fromEntries(FIELDS.map((name) => [name, shape[name]]));
  const { entries } = tally(complete(asked));
  const checks = {
    precision: (v) => typeof v === "string" && Object.hasOwn(BYTES, v),
    n_tokens: (v) => Number.isInteger(v) && v >= 1 && v <= MOST_TOKENS,
    opened: (v) => v === null || entries.some(({ id }) => id === v),
  };
  for (const [name, fits] of Object.entries(checks))
    if (!fits(raw[name])) throw new Error(`its ${name} does not fit this figure`);
  const reading = (raw.config ?? null) && readConfig(raw.config, tables);
  if (reading && !isSame(reading.shape, asked)) throw new Error("its config has another shape");
  return {
    shape: asked,
    config: reading && reading.config,
    precision: raw.precision,
    n_tokens: raw.n_tokens,
    opened: raw.opened,
  };
}

/** A value of JSON as Python writes it. */
function python(value) {
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{${Object.entries(value)
      .map(([name, one]) => `${JSON.stringify(name)}: ${python(one)}`)
      .join(", ")}}`;
  if (typeof value === "string") return JSON.stringify(value);
  return { true: "True", false: "False", null: "None" }[value] ?? String(value);
}

function shapeInPython(shape, config) {
  const line = (name, value) => `    ${name}${python(value)},`;
  if (config)
    return [
      "shape = al.shape_from_config({",
      ...Object.entries(config).map(([name, value]) => line(`${JSON.stringify(name)}: `, value)),
      "})",
    ];
  const told = FIELDS.filter((name) => EXTRAS[name] !== shape[name]);
  return [
    "shape = al.TransformerShape(",
    ...told.map((name) => line(`${name}=`, shape[name])),
    ")",
  ];
}

function snippet({ precision, n_tokens, shape, config }) {
  return [
    "import attnlib as al",
    "",
    ...shapeInPython(shape.value, config.value),
    "tally = al.count_parameters(shape)",
    "print(tally)",
    `print(tally.bytes("${precision.value}"), shape.cache_bytes(${n_tokens.value}, "${precision.value}"))`,
  ].join("\n");
}

const MEASURES = {
  total: ["all parameters", ({ counted }) => counted.total],
  attention: ["parameters of attention", ({ counted }) => counted.parts.attention],
  share: ["share of attention", ({ counted }) => counted.parts.attention / counted.total],
  cache: ["bytes of cache a token", ({ shape, precision }) => cacheBytes(shape, precision)],
  n_layers: ["layers", ({ shape }) => shape.n_layers],
  n_heads: ["heads a layer", ({ shape }) => shape.n_heads],
  differs: [
    "sizes and switches that are still different",
    ({ shape }, { shape: wanted }) =>
      Object.keys(wanted).filter((name) => shape[name] !== wanted[name]).length,
  ],
};

/** Which of the presets the shape is, if any. */
function titleOf(asked, presets) {
  return Object.keys(presets).find((title) => isSame(presets[title], asked));
}

export function Ledger({ model }) {
  const voice = useVoice();
  const presets = model.get("presets");
  const tables = model.get("config_tables");
  const { s, g, start, put, linkState, reset } = useFigureState({
    model,
    voice,
    names: STATE,
    derive: (signals) => graph(signals, tables),
    read: (raw) => readState(raw, tables),
  });
  const [shape, counted, opened] = [g.shape.value, g.counted.value, g.opened.value];
  const fault = (change) => {
    try {
      complete({ ...s.shape.value, ...change });
    } catch (error) {
      return error;
    }
  };
  const fits = (change) => !fault(change);
  const set = (change) => {
    const wrong = fault(change);
    if (wrong) return voice.tell(`${wrong.message}. The model stays as it was.`, true);
    voice.tell("");
    take({ ...s.shape.value, ...change }, null);
  };
  const take = (shape, config) => {
    batch(() => {
      s.shape.value = shape;
      s.config.value = config; // a size that is changed is not what the file says
    });
    s.opened.value = g.opened.value; // a line that is gone does not come back
    const { total, parts } = g.counted.value;
    voice.speak(`${whole(total)} parameters, ${percent(parts.attention / total)} in attention`);
  };
  const open = (id) => {
    s.opened.value = id;
    const entry = counted.entries.find((one) => one.id === id);
    if (entry) voice.speak(`${id}: ${whole(entry.each)} times ${whole(entry.copies)}`);
  };
  const measured = { shape, counted, precision: s.precision.value };
  return (
    <Figure
      figure="Ledger"
      model={model}
      voice={voice}
      title={model.get("title")}
      claim="Change a size and see where the parameters are. Every total is exact."
      snippet={() => snippet(s)}
      linkState={linkState}
      reset={reset}
      values={() => ({
        shape: g.shape.value,
        ...g.counted.value,
        walk: walk(g.shape.value, g.counted.value),
        cache: cacheBytes(g.shape.value, s.precision.value),
        kept: cacheBytes(g.shape.value, s.precision.value, s.n_tokens.value),
        state: stateNumbers(g.shape.value),
        active: active(g.shape.value, g.counted.value),
        config: s.config.value,
        lines: g.lines.value,
      })}
      after={
        <Challenges
          {...{ model, s, voice }}
          measure={(condition) => MEASURES[condition.measure][1](measured, condition)}
          name={({ measure }) => MEASURES[measure][0]}
          onStart={({ given, setting }) => {
            const state = { ...start, ...given, ...setting };
            put({ ...state, shape: { ...EXTRAS, ...state.shape } });
          }}
        />
      }
    >
      <div class="al-controls" data-not-in-picture>
        <Examples
          label="Model"
          value={titleOf(s.shape.value, presets)}
          choices={named(Object.keys(presets))}
          onChange={(title) => set(presets[title])}
        />
      </div>
      <Config
        examples={model.get("configs")}
        tables={tables}
        lines={g.lines.value}
        several={s.config.value && textConfig(s.config.value, tables) && tables.several}
        onRead={(reading) => take(reading.shape, reading.config)}
        voice={voice}
      />
      <Sizes asked={s.shape.value} complete={shape} fits={fits} set={set} voice={voice} />
      <div data-picture>
        <p class="al-grand-total">
          <strong>{whole(counted.total)}</strong> parameters,{" "}
          {percent(counted.parts.attention / counted.total)} of them in attention
          {shape.n_experts > 0 && `; a token meets ${whole(active(shape, counted))} of them`}
        </p>
        <div class="al-row al-account">
          <Tower
            counted={counted}
            n_layers={shape.n_layers}
            opened={opened?.split(":")[0]}
            onOpen={(part) => open(counted.entries.find((entry) => entry.part === part).id)}
          />
          <div class="al-scroll">
            <Table {...{ counted, opened }} onOpen={open} />
          </div>
        </div>
        <div class="al-row">
          <Account {...{ counted, shape, opened }} />
          <div class="al-scroll">
            <Walk {...{ shape, counted }} />
          </div>
        </div>
        <Weight {...{ s, shape, counted, voice }} />
      </div>
    </Figure>
  );
}
