// The parameters of a transformer that the reader puts together, to the last digit.
import { computed } from "@preact/signals";
import { whole } from "../core/format.js";
import { BYTES, MOST, cacheBytes, complete, tally } from "../core/counting.js";
import { Challenges } from "../parts/Challenges.jsx";
import { Choice } from "../parts/Choice.jsx";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { Sizes } from "../parts/ledger/Sizes.jsx";
import { Account, Table, percent } from "../parts/ledger/Table.jsx";
import { Tower } from "../parts/ledger/Tower.jsx";
import { Walk, Weight, walk } from "../parts/ledger/Walk.jsx";
import { useFigureState } from "../parts/useFigureState.js";

const STATE = ["shape", "precision", "n_tokens", "opened"];
const MOST_TOKENS = 1_000_000;
const FIELDS = [...Object.keys(MOST), "gated", "tied", "biases", "norm"];

function graph(s) {
  const shape = computed(() => complete(s.shape.value));
  const counted = computed(() => tally(shape.value));
  const opened = computed(() => {
    const known = counted.value.entries.some(({ id }) => id === s.opened.value);
    return known ? s.opened.value : null;
  });
  return { shape, counted, opened };
}

/** What a link holds, checked field by field. */
function readState(raw) {
  const shape = raw.shape;
  if (typeof shape !== "object" || shape === null) throw new Error("it holds no shape");
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
  return { shape: asked, precision: raw.precision, n_tokens: raw.n_tokens, opened: raw.opened };
}

function snippet(s) {
  const python = (value) =>
    ({ true: "True", false: "False", null: "None" })[String(value)] ?? JSON.stringify(value);
  const { precision, n_tokens, shape } = s;
  return [
    "import attnlib as al",
    "",
    "shape = al.TransformerShape(",
    ...FIELDS.map((name) => `    ${name}=${python(shape.value[name])},`),
    ")",
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
    ({ shape }, wanted) => FIELDS.filter((name) => shape[name] !== wanted.shape[name]).length,
  ],
};

/** Which of the presets the shape is, if any. */
function titleOf(asked, presets) {
  const same = (one) => FIELDS.every((name) => one[name] === asked[name]);
  return Object.keys(presets).find((title) => same(presets[title])) ?? "";
}

export function Ledger({ model }) {
  const voice = useVoice();
  const presets = model.get("presets");
  const { s, g, start, put, linkState, reset } = useFigureState({
    model,
    voice,
    names: STATE,
    derive: graph,
    read: readState,
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
    s.shape.value = { ...s.shape.value, ...change };
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
        walk: walk(g.shape.value),
        cache: cacheBytes(g.shape.value, s.precision.value),
      })}
      after={
        <Challenges
          figureKey={model.get("key")}
          challenges={model.get("challenges")}
          measure={(condition) => MEASURES[condition.measure][1](measured, condition)}
          s={s}
          name={({ measure }) => MEASURES[measure][0]}
          voice={voice}
          onStart={({ given, setting }) => put({ ...start, ...given, ...setting })}
        />
      }
    >
      <div class="al-controls" data-not-in-picture>
        <Choice
          label="Model"
          value={titleOf(s.shape.value, presets)}
          choices={{
            ...Object.fromEntries(Object.keys(presets).map((title) => [title, title])),
            "": "your own",
          }}
          onChange={(title) => title && set(presets[title])}
        />
      </div>
      <Sizes asked={s.shape.value} complete={shape} fits={fits} set={set} voice={voice} />
      <div data-picture>
        <p class="al-grand-total">
          <strong>{whole(counted.total)}</strong> parameters,{" "}
          {percent(counted.parts.attention / counted.total)} of them in attention
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
