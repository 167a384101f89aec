// Where one weight comes from: coordinate by coordinate, with its numbers.
import { number, short } from "../core/format.js";
import { softmax } from "../core/mathematics.js";

const BAR = 46; // pixels for the largest product

function Products({ query, key_, raw }) {
  const products = query.map((value, d) => value * key_[d]);
  const largest = Math.max(1e-9, ...products.map(Math.abs));
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
        {products.map((product, d) => (
          <tr>
            <th scope="row">{d + 1}</th>
            <td>{number(query[d])}</td>
            <td>{number(key_[d])}</td>
            <td>{number(product)}</td>
            <td aria-hidden="true">
              <span
                class={product < 0 ? "al-bar al-below" : "al-bar"}
                style={{ width: `${(Math.abs(product) / largest) * BAR}px` }}
              />
            </td>
          </tr>
        ))}
        <tr class="al-total">
          <th scope="row" colSpan={3}>
            sum: the dot product
          </th>
          <td>{number(raw)}</td>
          <td />
        </tr>
      </tbody>
    </table>
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

export function Strip({ selected, words, axes, x, q, k, w_q, w_k, raw, scores, weights, scaled }) {
  if (!selected) {
    return (
      <div class="al-strip">
        <p class="al-strip-title">Where does a weight come from?</p>
        <p>Choose a cell of the grid.</p>
      </div>
    );
  }
  const [i, j] = selected;
  const masked = scores[i][j] === -Infinity;
  const top = Math.max(...scores[i]);
  const powers = scores[i].map((score) => Math.exp(score - top));
  const total = powers.reduce((a, b) => a + b, 0);
  return (
    <div class="al-strip">
      <p class="al-strip-title">
        <span class="al-query">{words[i]}</span> asks, <span class="al-key">{words[j]}</span>{" "}
        answers
      </p>
      <Products query={q[i]} key_={k[j]} raw={raw[i][j]} />
      <ol class="al-steps">
        <li>
          score:{" "}
          {masked
            ? `−∞, because ${words[j]} comes later`
            : scaled
              ? `${number(raw[i][j])} ÷ √${q[i].length} = ${number(scores[i][j])}`
              : `${number(raw[i][j])}, not scaled`}
        </li>
        <li>
          softmax, against the largest score of this row ({number(top)}): e
          <sup>{masked ? "−∞" : number(scores[i][j] - top)}</sup> ={" "}
          {number(masked ? 0 : powers[j], 3)}
        </li>
        <li>
          weight: {number(masked ? 0 : powers[j], 3)} ÷ {number(total, 3)} ={" "}
          <strong>{number(softmax(scores[i])[j])}</strong>
        </li>
      </ol>
      <details>
        <summary>And the query and the key?</summary>
        <ul class="al-origins">
          <Origins kind="query" word={words[i]} vector={q[i]} x={x[i]} w={w_q} axes={axes} />
          <Origins kind="key" word={words[j]} vector={k[j]} x={x[j]} w={w_k} axes={axes} />
        </ul>
      </details>
    </div>
  );
}
