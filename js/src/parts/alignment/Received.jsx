// Whom each word attends to, and what comes back from there.
import { list, number } from "../../core/format.js";

const EQUAL = 1e-9; // weights closer than this are the same

/** The words that have the largest weight of `row`, and that weight; no word where all are alike. */
export function mostRead(keys, row) {
  const weight = Math.max(...row);
  const seen = row.filter((other) => other > 0).length;
  const top = keys.filter((_, j) => row[j] > weight - EQUAL);
  const words = [...new Set(top)];
  return { weight, words: words.length > 1 && top.length === seen ? [] : words };
}

export function Received({ g, onAsk }) {
  const received = g.received.value;
  return (
    <table class="al-numbers al-received" aria-label="what each word receives">
      <thead>
        <tr>
          <th scope="col">asks</th>
          <th scope="col">attends most to</th>
          <th scope="col">weight</th>
          <th scope="col">receives, nearest</th>
          <th scope="col">cosine</th>
        </tr>
      </thead>
      <tbody>
        {g.queries.value.map((word, i) => {
          const row = g.weights.value[i];
          const { words, weight } = mostRead(g.keys.value, row);
          const [nearest, cosine] = received?.[i] ?? [];
          return (
            <tr class={i === g.query.value ? "al-in-row" : ""} onClick={() => onAsk(i)}>
              <th scope="row" class="al-query">
                {word}
              </th>
              <td class="al-key">{list(words) || "all alike"}</td>
              <td>{number(weight)}</td>
              <td>{received ? nearest : "—"}</td>
              <td>{received ? number(cosine) : "—"}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
