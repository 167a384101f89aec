// Where one weight comes from: coordinate by coordinate, with its numbers.
import { computed, signal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { number, short } from "../core/format.js";
import { dot } from "../core/mathematics.js";
import { Meter, barOf } from "./Meter.jsx";
import { Told, useTold } from "./Steady.jsx";

/** Everything the strip tells of the chosen cell; null while there is none. */
function account(selected, { q, k, scores }) {
  if (!selected) return null;
  const [i, j] = selected;
  const [query, key, row] = [q[i], k[j], scores[i]];
  const product = query.map((value, d) => value * key[d]);
  const top = Math.max(...row);
  const powers = row.map((score) => Math.exp(score - top));
  const total = powers.reduce((a, b) => a + b, 0);
  return {
    ...{ query, key, product, top, total },
    largest: Math.max(1e-9, ...product.map(Math.abs)),
    raw: dot(query, key),
    score: row[j],
    masked: row[j] === -Infinity,
    power: powers[j],
    weight: total > 0 ? powers[j] / total : 0,
  };
}

const PARTS = ["query", "key", "product"];

const signed = (value) => (value < 0 ? `(${number(value)})` : number(value));

/** The account in words, by name. */
function tellAccount(told, scaled) {
  const { query, raw, score, top, power, total, weight } = told;
  const texts = {
    raw: number(raw),
    score: scaled ? `${number(raw)} ÷ √${query.length} = ${number(score)}` : number(raw),
    power: `exp(${number(score)} − ${signed(top)}) = ${number(power, 3)}`,
    weight: `${number(power, 3)} ÷ ${number(total, 3)} = ${number(weight)}`,
  };
  for (const name of PARTS)
    for (let d = 0; d < query.length; d++) texts[`${name} ${d}`] = number(told[name][d]);
  return texts;
}

function Products({ account, width }) {
  const bars = useMemo(
    () =>
      computed(() => {
        const { product, largest } = account.value ?? { product: [], largest: 1 };
        return Array.from({ length: width }, (_, d) => {
          const [value, y] = [product[d] ?? 0, (d + 0.5) / width];
          return { ends: [0, Math.abs(value) / largest], kind: barOf(value), y };
        });
      }),
    [account, width],
  );
  return (
    <table class="al-products">
      <thead>
        <tr>
          <th scope="col">dim.</th>
          <th scope="col" class="al-query">
            query
          </th>
          <th scope="col" class="al-key">
            key
          </th>
          <th scope="col">product</th>
          <td class="al-bar-column" />
        </tr>
      </thead>
      <tbody>
        {Array.from({ length: width }, (_, d) => (
          <tr>
            <th scope="row">{d + 1}</th>
            {PARTS.map((name) => (
              <td>
                <Told of={`${name} ${d}`} />
              </td>
            ))}
            {d === 0 && (
              <td class="al-bar-column" rowSpan={width} aria-hidden="true">
                <Meter bars={bars} />
              </td>
            )}
          </tr>
        ))}
        <tr class="al-total">
          <th scope="row" colSpan={3}>
            dot product
          </th>
          <td>
            <Told of="raw" />
          </td>
          <td class="al-bar-column" />
        </tr>
      </tbody>
    </table>
  );
}

function Steps({ word, masked, scaled }) {
  return (
    <ol class="al-steps">
      <li>
        score: {masked ? `−∞, because ${word} comes later` : <Told of="score" />}
        {!masked && !scaled && ", not scaled"}
      </li>
      <li>
        softmax, against the row’s largest score: <Told of="power" />
      </li>
      <li>
        weight:{" "}
        <strong>
          <Told of="weight" />
        </strong>
      </li>
    </ol>
  );
}

/** How a projected number is made of the embedding and one column of the matrix. */
function origin(x, w, d, axes) {
  const terms = x
    .map((value, a) => ({ value, weight: w[a][d], axis: axes[a] }))
    .filter(({ value, weight }) => value !== 0 && weight !== 0);
  if (!terms.length) return "0: no axis of this word meets a number in the column";
  return terms.map((t) => `${short(t.value)}·${short(t.weight)} (${t.axis})`).join(" + ");
}

function Origins({ kind, word, vector, x, w, axes }) {
  return (
    <li>
      <span class={`al-${kind}`}>
        {kind} of {word}
      </span>
      {vector.map((value, d) => (
        <span class="al-origin">
          {d + 1}: {origin(x, w, d, axes)} = {number(value)}
        </span>
      ))}
    </li>
  );
}

/** Whoever unfolds this reads whole sentences: they are rendered, but only while unfolded. */
function Unfolded({ selected, words, axes, x, q, k, w_q, w_k }) {
  const [i, j] = selected.value;
  const told = words.value;
  return (
    <ul class="al-origins">
      <Origins
        kind="query"
        word={told[i]}
        vector={q.value[i]}
        x={x.value[i]}
        w={w_q.value}
        axes={axes}
      />
      <Origins
        kind="key"
        word={told[j]}
        vector={k.value[j]}
        x={x.value[j]}
        w={w_k.value}
        axes={axes}
      />
    </ul>
  );
}

/** The chosen cell: it exists. `open` remembers whether the reader unfolds. */
function Chosen({ selected, scaled, axes, open, ...graph }) {
  const strip = useRef(null);
  const { told, masked, width } = useMemo(() => {
    const told = computed(() =>
      account(selected.value, {
        q: graph.q.value,
        k: graph.k.value,
        scores: graph.scores.value,
      }),
    );
    const width = computed(() => graph.w_q.value[0].length);
    return { told, width, masked: computed(() => told.value?.masked) };
  }, []);
  const tell = () => told.value && tellAccount(told.value, scaled.value);
  useTold(strip, tell, [width.value, masked.value, scaled.value].join());
  const [asking, answering] = selected.value.map((n) => graph.words.value[n]);
  return (
    <div class="al-strip" ref={strip}>
      <p class="al-strip-title">
        <span class="al-query">{asking}</span> asks, <span class="al-key">{answering}</span> answers
      </p>
      <Products account={told} width={width.value} />
      <Steps word={answering} masked={masked.value} scaled={scaled.value} />
      <details open={open.value} onToggle={(event) => (open.value = event.currentTarget.open)}>
        <summary>And the query and the key?</summary>
        {open.value && <Unfolded {...{ selected, axes }} {...graph} />}
      </details>
    </div>
  );
}

/**
 * Signals in: selected (a cell of the pattern that exists, or null), words, x, q, k, w_q, w_k,
 * scores, scaled; `axes` is a list.
 */
export function Strip({ selected, ...graph }) {
  const open = useMemo(() => signal(false), []);
  if (selected.value)
    return <Chosen key={selected.value.join()} {...{ selected, open }} {...graph} />;
  return (
    <div class="al-strip">
      <p class="al-strip-title">Where does a weight come from?</p>
      <p>Choose a cell of the grid.</p>
    </div>
  );
}
