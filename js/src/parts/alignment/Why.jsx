// Where a weight between two texts comes from, and what it brings.
import { number } from "../../core/format.js";

/** The products that are not 0, by the meaning that both words have. */
function agreements(q, k, names) {
  return q
    .map((value, d) => ({ name: names[d], value, key: k[d] }))
    .filter(({ value, key }) => value * key !== 0);
}

function Score({ g, i, j }) {
  const [q, k] = [g.q.value[i], g.k.value[j]];
  const shared = agreements(q, k, g.names);
  if (!g.keep.value[i][j]) return <li>score: −∞, because a mask hides this key</li>;
  return (
    <li>
      {shared.length ? (
        <>
          both mean something:{" "}
          {shared.map(({ name, value, key }, n) => (
            <>
              {n > 0 && " + "}
              {number(value)} · {number(key)} ({name})
            </>
          ))}
          , divided by √{q.length} = {number(g.scores.value[i][j])}
        </>
      ) : (
        "no meaning is shared: the score is 0"
      )}
    </li>
  );
}

function Brings({ g, i, j, axes }) {
  if (!g.values.value) return <li>there is no value for every key, so nothing is mixed</li>;
  const weight = g.weights.value[i][j];
  const parts = g.values.value[j].flatMap((value, a) =>
    value ? [`${number(weight * value)} on ${axes[a]}`] : [],
  );
  return (
    <li>
      it brings: {number(weight)} · its value = {parts.join(", ") || "nothing"}
    </li>
  );
}

export function Why({ g, axes }) {
  const chosen = g.chosen.value;
  if (!chosen)
    return (
      <div class="al-strip">
        <p class="al-strip-title">Where does a weight come from?</p>
        <p>Choose a cell of the grid.</p>
      </div>
    );
  const [i, j] = chosen;
  const row = g.scores.value[i];
  const top = Math.max(...row);
  const total = row.reduce((sum, score) => sum + Math.exp(score - top), 0);
  const power = Math.exp(row[j] - top);
  return (
    <div class="al-strip">
      <p class="al-strip-title">
        <span class="al-query">{g.queries.value[i]}</span> asks,{" "}
        <span class="al-key">{g.keys.value[j]}</span> answers
      </p>
      <ol class="al-steps">
        <Score {...{ g, i, j }} />
        <li>
          softmax, against the largest score of this query ({number(top)}): {number(power, 3)} ÷{" "}
          {number(total, 3)}
        </li>
        <li>
          weight: <strong>{number(g.weights.value[i][j])}</strong>
        </li>
        <Brings {...{ g, i, j, axes }} />
      </ol>
    </div>
  );
}
