// Weights times values, head to tail, and what is added to the embedding.
import { computed, signal } from "@preact/signals";
import { useMemo, useState } from "preact/hooks";
import { distinct, number, round, short } from "../../core/format.js";
import { Choice, named } from "../Choice.jsx";
import { MatrixEditor } from "../MatrixEditor.jsx";
import { Switch } from "../Switch.jsx";
import { VectorPlane } from "../VectorPlane.jsx";

const NAMED_FROM = 0.25; // of the longest value: shorter arrows crowd the middle
const TINY = 1e-4; // a rest this small has no proportions left to keep
const ORIGIN = [0, 0];

const listed = (vector) => vector.map((value) => number(value)).join(", ");

/** The shares with the `i`-th at `value`; the others keep their proportions in what is left. */
function withShare(shares, i, value) {
  const others = 1 - shares[i];
  return shares.map((share, n) => {
    if (n === i) return value;
    const part = others > TINY ? share / others : 1 / (shares.length - 1);
    return round((1 - value) * part, 6);
  });
}

function Shares({ words, weights, own, onChange, onBack }) {
  return (
    <div class="al-mix-shares">
      <p class="al-strip-title">weights {own ? "(yours)" : "(the head’s)"}</p>
      <ul class="al-bars">
        {words.map((word, i) => (
          <li>
            <span class="al-bars-label">{word}</span>
            <input
              type="range"
              min={0}
              max={1}
              step={0.01}
              value={weights[i]}
              aria-label={`weight of ${distinct(words)[i]}`}
              aria-valuetext={number(weights[i])}
              onInput={(event) =>
                onChange(withShare(weights, i, Number(event.currentTarget.value)))
              }
            />
            <span class="al-bars-number">{number(weights[i])}</span>
          </li>
        ))}
      </ul>
      {own && (
        <button type="button" onClick={onBack}>
          back to the head’s weights
        </button>
      )}
    </div>
  );
}

/** Values as thin arrows; the weighted ones put head to tail, heaviest first, end at the mixture. */
function valueArrows({ words, values, weights, mixed, held }) {
  const longest = Math.max(...values.map((v) => Math.hypot(...v)));
  const named = (i) => i === held || Math.hypot(...values[i]) > NAMED_FROM * longest;
  const thin = values.map((to, i) => ({
    ...{ from: ORIGIN, to, kind: "value", key: i },
    ...{ word: named(i) ? words[i] : "", minor: i !== held },
  }));
  let tip = ORIGIN;
  const chain = weights
    .map((weight, i) => ({ weight, i }))
    .sort((a, b) => b.weight - a.weight)
    .map(({ weight, i }) => {
      const from = tip;
      tip = [0, 1].map((d) => from[d] + weight * values[i][d]);
      return { from, to: tip, kind: "part" };
    });
  const heldLast = (a, b) => (a.key === held) - (b.key === held); // so that it is named first
  return [
    ...thin.sort(heldLast),
    ...chain,
    { from: ORIGIN, to: mixed, kind: "mixed", word: "mixed" },
  ];
}

function modelArrows({ embedding, delta, residual, across, up, word }) {
  const point = (vector) => [vector[across], vector[up]];
  const from = residual ? point(embedding) : ORIGIN;
  const to = [0, 1].map((d) => from[d] + point(delta)[d]);
  const deltaArrow = { from, to, kind: "delta", word: "delta" };
  if (!residual) return [deltaArrow];
  return [
    { from: ORIGIN, to: from, kind: "embedding", word },
    deltaArrow,
    { from: ORIGIN, to, kind: "after", word: `${word} after` },
  ];
}

function Sum({ words, weights, values, mixed }) {
  return (
    <div class="al-scroll">
      <table class="al-numbers">
        <caption>weights times values</caption>
        <thead>
          <tr>
            <th scope="col">word</th>
            <th scope="col">weight</th>
            <th scope="col">value</th>
            <th scope="col">weight · value</th>
          </tr>
        </thead>
        <tbody>
          {words.map((word, i) => (
            <tr>
              <th scope="row">{word}</th>
              <td>{number(weights[i])}</td>
              <td>{listed(values[i])}</td>
              <td>{listed(values[i].map((v) => weights[i] * v))}</td>
            </tr>
          ))}
          <tr class="al-total">
            <th scope="row" colSpan={3}>
              sum: mixed
            </th>
            <td>
              <strong>{listed(mixed)}</strong>
            </td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}

function Added({ axes, embedding, delta, mixed, w_o, residual, word }) {
  const products = (a) => mixed.map((v, d) => `${number(v)} · ${short(w_o[d][a])}`).join(" + ");
  return (
    <div class="al-scroll">
      <table class="al-numbers">
        <caption>what happens to {word}</caption>
        <thead>
          <tr>
            <th scope="col">axis</th>
            <th scope="col">mixed · w_o = delta</th>
            <th scope="col">{residual ? "embedding + delta" : "delta alone"}</th>
          </tr>
        </thead>
        <tbody>
          {axes.map((axis, a) => (
            <tr>
              <th scope="row">{axis}</th>
              <td>
                {products(a)} = <strong>{number(delta[a])}</strong>
              </td>
              <td>
                {residual && `${number(embedding[a])} + ${number(delta[a])} = `}
                <strong>{number((residual ? embedding[a] : 0) + delta[a])}</strong>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Drawn only while it is open: a drag would write every one of these numbers. */
function Arithmetic({ s, g, axes }) {
  const [open, setOpen] = useState(false);
  const [words, query] = [g.words.value, s.query.value];
  return (
    <details class="al-more" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>The arithmetic, number by number</summary>
      {open && (
        <div class="al-row">
          <Sum
            words={words}
            weights={g.weights.value}
            values={g.values.value}
            mixed={g.mixed.value}
          />
          <Added
            axes={axes}
            embedding={g.x.value[query]}
            delta={g.delta.value}
            mixed={g.mixed.value}
            w_o={s.w_o.value}
            residual={s.residual.value}
            word={words[query]}
          />
        </div>
      )}
    </details>
  );
}

function Controls({ s, g, presets, voice }) {
  const load = (name) => {
    s.w_v.value = presets[name].w_v;
    s.w_o.value = presets[name].w_o;
    voice.speak(`${name}: the weights are the same, what is added is not.`);
  };
  return (
    <>
      <div class="al-controls" data-not-in-picture>
        <Choice
          label="Who asks"
          value={String(s.query.value)}
          choices={{ ...distinct(g.words.value) }}
          onChange={(i) => (s.query.value = Number(i))}
        />
        <Switch
          label="residual: add to the embedding"
          on={s.residual.value}
          onChange={(on) => (s.residual.value = on)}
        />
      </div>
      <div class="al-presets" role="group" aria-label="What is handed over" data-not-in-picture>
        <span class="al-hint">Hand over</span>
        {Object.keys(presets).map((name) => (
          <button type="button" onClick={() => load(name)}>
            {name}
          </button>
        ))}
      </div>
    </>
  );
}

/** What the plane of values draws, as signals. */
function valueScene(g, held) {
  const token = computed(() => Math.min(held.value, g.words.value.length - 1));
  const now = () => ({
    ...{ words: g.words.value, values: g.values.value, weights: g.weights.value },
    ...{ mixed: g.mixed.value, held: token.value },
  });
  const label = computed(() => {
    const { words, values, mixed, held } = now();
    return `value of ${words[held]} at ${listed(values[held])}. Mixed: ${listed(mixed)}. Arrow keys move it.`;
  });
  return {
    ...{ label, held: token, hull: g.values, axes: signal(["value 1", "value 2"]) },
    arrows: computed(() => valueArrows(now())),
    tips: computed(() => g.values.value.map((at, key) => ({ key, at }))),
  };
}

function ValuePlane({ g, held, moveValue }) {
  const scene = useMemo(() => valueScene(g, held), []);
  return (
    <div class="al-mix-plane">
      <VectorPlane
        title="values, head to tail"
        {...scene}
        onPick={(key) => (held.value = key)}
        onMove={moveValue}
      />
      <div class="al-controls" data-not-in-picture>
        <Choice
          label="Arrow keys move the value of"
          value={String(scene.held.value)}
          choices={{ ...distinct(g.words.value) }}
          onChange={(i) => (held.value = Number(i))}
        />
      </div>
    </div>
  );
}

/** What the plane of the model draws, as signals. */
function modelScene({ s, g, axes }) {
  const word = computed(() => g.words.value[s.query.value]);
  const arrows = computed(() => {
    const [across, up] = [s.across.value, s.up.value].map((axis) => axes.indexOf(axis));
    const embedding = g.x.value[s.query.value];
    const [delta, residual] = [g.delta.value, s.residual.value];
    return modelArrows({ embedding, delta, residual, across, up, word: word.value });
  });
  return {
    arrows,
    axes: computed(() => [s.across.value, s.up.value]),
    label: computed(() => `${word.value}: delta ${listed(g.delta.value)}`),
  };
}

function DeltaPlane({ s, g, axes }) {
  const scene = useMemo(() => modelScene({ s, g, axes }), []);
  const choices = named(axes);
  return (
    <div class="al-mix-plane">
      <VectorPlane
        title={s.residual.value ? "delta, added to the embedding" : "delta alone"}
        {...scene}
      />
      <div class="al-controls" data-not-in-picture>
        {["across", "up"].map((name) => (
          <Choice
            label={name}
            value={s[name].value}
            choices={choices}
            onChange={(axis) => (s[name].value = axis)}
          />
        ))}
      </div>
    </div>
  );
}

/** The sliders of the weights, drawn again only when a weight changes. */
function useShares({ s, g, voice }) {
  const [words, weights] = [g.words.value, g.weights.value];
  const own = s.shares.value !== null;
  const share = (shares) => {
    if (shares.length === 1) voice.tell("A word alone has all the weight.", true);
    s.shares.value = shares.length === 1 ? [1] : shares;
  };
  const back = () => (s.shares.value = null);
  return useMemo(
    () => <Shares {...{ words, weights, own }} onChange={share} onBack={back} />,
    [words, weights, own],
  );
}

/** `moveValue(token, target)` changes w_v as little as it must. */
export function Mix({ s, g, axes, presets, held, moveValue, voice }) {
  const shares = useShares({ s, g, voice });
  const [x, token] = [g.x.value, Math.min(held.value, g.words.value.length - 1)];
  return (
    <div>
      <Controls {...{ s, g, presets, voice }} />
      <div class="al-row" data-picture>
        <div class="al-mix-side">
          {shares}
          <MatrixEditor
            name="w_v"
            kind="value"
            matrix={s.w_v}
            rowLabels={axes}
            lit={(a) => x[token][a] !== 0}
            voice={voice}
            onChange={(next) => (s.w_v.value = next)}
          />
        </div>
        <div class="al-mix-main">
          <div class="al-row">
            <ValuePlane {...{ g, held, moveValue }} />
            <DeltaPlane {...{ s, g, axes }} />
          </div>
          <div class="al-scroll">
            <MatrixEditor
              name="w_o"
              kind="value"
              matrix={s.w_o}
              rowLabels={["value 1", "value 2"]}
              columnLabels={axes}
              voice={voice}
              onChange={(next) => (s.w_o.value = next)}
            />
          </div>
        </div>
      </div>
      <Arithmetic {...{ s, g, axes }} />
    </div>
  );
}
