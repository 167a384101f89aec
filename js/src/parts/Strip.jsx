// Where one weight comes from: coordinate by coordinate, with its numbers.
import { computed, signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { number, short } from "../core/format.js";
import { dot } from "../core/mathematics.js";
import { Meter } from "./Meter.jsx";
import { Steady } from "./Steady.jsx";

/** Everything the strip tells of the chosen cell; null while there is none. */
function account(selected, { q, k, scores }) {
  if (!selected) return null;
  const [i, j] = selected;
  const [query, key, row] = [q[i], k[j], scores[i]];
  const products = query.map((value, d) => value * key[d]);
  const top = Math.max(...row);
  const powers = row.map((score) => Math.exp(score - top));
  const total = powers.reduce((a, b) => a + b, 0);
  return {
    ...{ query, key, products, top, total },
    largest: Math.max(1e-9, ...products.map(Math.abs)),
    raw: dot(query, key),
    score: row[j],
    masked: row[j] === -Infinity,
    power: powers[j],
    weight: total > 0 ? powers[j] / total : 0,
  };
}

/** What `tell` says of the account, as steady text. */
function Told({ account, tell }) {
  const text = useMemo(() => computed(() => (account.value ? tell(account.value) : "")), [account]);
  return <Steady text={text} />;
}

function Bar({ account, d }) {
  const bars = useMemo(() => {
    const product = computed(() => account.value?.products[d] ?? 0);
    const kind = computed(() => (product.value < 0 ? "al-below" : "al-above"));
    const share = () => Math.abs(product.value) / (account.value?.largest ?? 1);
    return [{ ends: computed(() => [0, share()]), kind }];
  }, [account]);
  return <Meter bars={bars} />;
}

function Products({ account, width }) {
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
          <td />
        </tr>
      </thead>
      <tbody>
        {Array.from({ length: width }, (_, d) => (
          <tr>
            <th scope="row">{d + 1}</th>
            {["query", "key", "products"].map((name) => (
              <td>
                <Told account={account} tell={(told) => number(told[name][d])} />
              </td>
            ))}
            <td aria-hidden="true">
              <Bar account={account} d={d} />
            </td>
          </tr>
        ))}
        <tr class="al-total">
          <th scope="row" colSpan={3}>
            dot product
          </th>
          <td>
            <Told account={account} tell={(told) => number(told.raw)} />
          </td>
          <td />
        </tr>
      </tbody>
    </table>
  );
}

function Score({ account, word, width, masked, scaled }) {
  if (masked) return <li>score: −∞, because {word} comes later</li>;
  const raw = (told) => number(told.raw);
  const divided = (told) => `${raw(told)} ÷ √${width} = ${number(told.score)}`;
  return (
    <li>
      score: <Told key={`${scaled} ${width}`} account={account} tell={scaled ? divided : raw} />
      {!scaled && ", not scaled"}
    </li>
  );
}

function Steps({ account, word, width, scaled }) {
  const masked = useMemo(() => computed(() => account.value?.masked), [account]);
  const power = (told) => number(told.power, 3);
  return (
    <ol class="al-steps">
      <Score {...{ account, word, width }} masked={masked.value} scaled={scaled.value} />
      <li>
        softmax, against the largest score of this row (
        <Told account={account} tell={(told) => number(told.top)} />
        ): e
        <sup>
          <Told account={account} tell={(told) => number(told.score - told.top)} />
        </sup>{" "}
        = <Told account={account} tell={power} />
      </li>
      <li>
        weight:{" "}
        <Told account={account} tell={(told) => `${power(told)} ÷ ${number(told.total, 3)}`} /> ={" "}
        <strong>
          <Told account={account} tell={(told) => number(told.weight)} />
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

/**
 * Signals in: selected (a cell of the pattern that exists, or null), words, x, q, k, w_q, w_k,
 * scores, scaled; `axes` is a list.
 */
export function Strip({ selected, scaled, ...graph }) {
  const {
    account: told,
    width,
    open,
  } = useMemo(
    () => ({
      account: computed(() =>
        account(selected.value, {
          q: graph.q.value,
          k: graph.k.value,
          scores: graph.scores.value,
        }),
      ),
      width: computed(() => graph.w_q.value[0].length),
      open: signal(false),
    }),
    [],
  );
  if (!selected.value) {
    return (
      <div class="al-strip">
        <p class="al-strip-title">Where does a weight come from?</p>
        <p>Choose a cell of the grid.</p>
      </div>
    );
  }
  const [asking, answering] = selected.value.map((n) => graph.words.value[n]);
  return (
    <div class="al-strip" key={selected.value.join()}>
      <p class="al-strip-title">
        <span class="al-query">{asking}</span> asks, <span class="al-key">{answering}</span> answers
      </p>
      <Products account={told} width={width.value} />
      <Steps account={told} word={answering} width={width.value} scaled={scaled} />
      <details open={open.value} onToggle={(event) => (open.value = event.currentTarget.open)}>
        <summary>And the query and the key?</summary>
        {open.value && <Unfolded selected={selected} {...graph} />}
      </details>
    </div>
  );
}
