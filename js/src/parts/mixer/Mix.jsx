// Weights times values, head to tail, and what is added to the embedding.
import { number, round } from "../../core/format.js";
import { Choice } from "../Choice.jsx";
import { MatrixEditor } from "../MatrixEditor.jsx";
import { VectorPlane } from "../VectorPlane.jsx";

const NAMED_FROM = 0.25; // of the longest value: shorter arrows crowd the middle
const ORIGIN = [0, 0];

/** A list of shares with the `i`-th set to `value`, before they are divided by their sum. */
const withShare = (shares, i, value) => shares.map((share, n) => (n === i ? value : share));

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
              aria-label={`weight of ${word}`}
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
function valueArrows({ words, values, weights, mixed }) {
  const longest = Math.max(...values.map((v) => Math.hypot(...v)));
  const thin = values.map((to, i) => ({
    ...{ from: ORIGIN, to, kind: "value" },
    word: Math.hypot(...to) > NAMED_FROM * longest ? words[i] : "",
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
  return [...thin, ...chain, { from: ORIGIN, to: mixed, kind: "mixed", word: "mixed" }];
}

function modelArrows({ embedding, delta, residual, across, up, word }) {
  const point = (vector) => [vector[across], vector[up]];
  const from = residual ? point(embedding) : ORIGIN;
  const to = [0, 1].map((d) => from[d] + point(delta)[d]);
  const start = residual ? [{ from: ORIGIN, to: from, kind: "embedding", word }] : [];
  return [
    ...start,
    { from, to, kind: "delta", word: "delta" },
    { from: ORIGIN, to, kind: "after", word: residual ? `${word} after` : "" },
  ];
}

function Sum({ words, weights, values, mixed }) {
  return (
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
            <td>{values[i].map((v) => number(v)).join(", ")}</td>
            <td>{values[i].map((v) => number(weights[i] * v)).join(", ")}</td>
          </tr>
        ))}
        <tr class="al-total">
          <th scope="row" colSpan={3}>
            sum: mixed
          </th>
          <td>
            <strong>{mixed.map((v) => number(v)).join(", ")}</strong>
          </td>
        </tr>
      </tbody>
    </table>
  );
}

function Added({ axes, embedding, delta, mixed, w_o, residual, word }) {
  return (
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
              {mixed.map((v, d) => `${number(v)}·${number(w_o[d][a], 1)}`).join(" + ")} ={" "}
              <strong>{number(delta[a])}</strong>
            </td>
            <td>
              {residual && `${number(embedding[a])} + ${number(delta[a])} = `}
              <strong>{number((residual ? embedding[a] : 0) + delta[a])}</strong>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** `moveValue(token, target)` changes w_v as little as it must. */
export function Mix({ s, g, axes, presets, held, moveValue, voice }) {
  const [words, weights, values] = [g.words.value, g.weights.value, g.values.value];
  const [mixed, delta, query] = [g.mixed.value, g.delta.value, s.query.value];
  const embedding = g.x.value[query];
  const names = Object.fromEntries(words.map((word, i) => [i, word]));
  const axisNames = Object.fromEntries(axes.map((axis) => [axis, axis]));
  const token = Math.min(held.value, words.length - 1);
  const share = (shares) => {
    const sum = shares.reduce((a, b) => a + b, 0);
    if (sum === 0) return voice.tell("Some word must have a weight: the weights sum to 1.", true);
    s.shares.value = shares.map((value) => round(value / sum, 6));
  };
  const load = (name) => {
    put(presets[name]);
    voice.speak(`${name}: the weights are the same, what is added is not.`);
  };
  const put = ({ w_v, w_o }) => {
    s.w_v.value = w_v;
    s.w_o.value = w_o;
  };
  return (
    <div>
      <div class="al-controls" data-not-in-picture>
        <Choice
          label="Who asks"
          value={String(query)}
          choices={names}
          onChange={(i) => (s.query.value = Number(i))}
        />
        <label class="al-switch">
          <input
            type="checkbox"
            checked={s.residual.value}
            onChange={(event) => (s.residual.value = event.currentTarget.checked)}
          />
          residual: add to the embedding
        </label>
      </div>
      <div class="al-presets" role="group" aria-label="What is handed over" data-not-in-picture>
        <span class="al-hint">Hand over</span>
        {Object.keys(presets).map((name) => (
          <button type="button" onClick={() => load(name)}>
            {name}
          </button>
        ))}
      </div>
      <div class="al-row" data-picture>
        <div class="al-mix-side">
          <Shares
            words={words}
            weights={weights}
            own={s.shares.value !== null}
            onChange={share}
            onBack={() => (s.shares.value = null)}
          />
          <MatrixEditor
            name="w_v"
            kind="value"
            matrix={s.w_v}
            rowLabels={axes}
            lit={(a) => g.x.value[token][a] !== 0}
            voice={voice}
            onChange={(next) => (s.w_v.value = next)}
          />
        </div>
        <div class="al-mix-main">
          <div class="al-row">
            {" "}
            <div class="al-mix-plane">
              <VectorPlane
                title="values, head to tail"
                label={`value of ${words[token]} at ${values[token].map((v) => number(v)).join(", ")}. Mixed: ${mixed.map((v) => number(v)).join(", ")}. Arrow keys move it.`}
                axes={["value 1", "value 2"]}
                arrows={valueArrows({ words, values, weights, mixed })}
                hull={values}
                tips={values.map((at, key) => ({ key, at }))}
                held={token}
                onPick={(key) => (held.value = key)}
                onMove={moveValue}
              />
              <div data-not-in-picture>
                <Choice
                  label="Arrow keys move the value of"
                  value={String(token)}
                  choices={names}
                  onChange={(i) => (held.value = Number(i))}
                />
              </div>
            </div>
            <div class="al-mix-plane">
              <VectorPlane
                title={s.residual.value ? "delta, added to the embedding" : "delta alone"}
                label={`${words[query]}: delta ${delta.map((v) => number(v)).join(", ")}`}
                axes={[s.across.value, s.up.value]}
                arrows={modelArrows({
                  ...{ embedding, delta, residual: s.residual.value, word: words[query] },
                  ...{ across: axes.indexOf(s.across.value), up: axes.indexOf(s.up.value) },
                })}
              />
              <div class="al-controls" data-not-in-picture>
                <Choice
                  label="across"
                  value={s.across.value}
                  choices={axisNames}
                  onChange={(axis) => (s.across.value = axis)}
                />
                <Choice
                  label="up"
                  value={s.up.value}
                  choices={axisNames}
                  onChange={(axis) => (s.up.value = axis)}
                />
              </div>
            </div>
          </div>{" "}
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
      <details class="al-more">
        <summary>The arithmetic, number by number</summary>
        <div class="al-row">
          <Sum words={words} weights={weights} values={values} mixed={mixed} />
          <Added
            axes={axes}
            embedding={embedding}
            delta={delta}
            mixed={mixed}
            w_o={s.w_o.value}
            residual={s.residual.value}
            word={words[query]}
          />
        </div>
      </details>
    </div>
  );
}
