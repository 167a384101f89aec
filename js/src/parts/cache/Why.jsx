// Where the numbers of a cell come from, and what the newest word does with them.
import { list, number } from "../../core/format.js";
import { dot, matmul } from "../../core/mathematics.js";
import { STATES } from "./Bands.jsx";

const DEGREES = 180 / Math.PI;
const exact = (value) => number(value, 3).replace(/\.?0+$/, "");
const vector = (numbers) => `(${numbers.map((value) => number(value)).join(", ")})`;

/** One number of a projection: every product, and their sum. */
function Sum({ x, w, column }) {
  const terms = x.map((value, a) => `${exact(value)}·${exact(w[a][column])}`);
  const total = x.reduce((sum, value, a) => sum + value * w[a][column], 0);
  return (
    <span class="al-origin">
      {terms.join(" + ").replaceAll("+ −", "− ")} = {number(total)}
    </span>
  );
}

/** `isTold`: the place is what the word was told, and not where it stands. */
function Made({ row, x, word, place, isTold, numbers }) {
  return (
    <>
      <li>
        <span class="al-key">{word}</span> through {row.matrix}:
        {row.w[0].map((_, column) => (
          <Sum {...{ x, column }} w={row.w} />
        ))}
      </li>
      {row.turns && (
        <li>
          turned, because it {isTold ? "was told that it stands" : "stands"} at {place}, by {place}{" "}
          × {number(DEGREES, 1)}°: {vector(numbers)}
        </li>
      )}
    </>
  );
}

/** What each head that reads the row makes of it for the newest word. */
function Read({ row, numbers, newest, at, scale, asks }) {
  const heads = row.readers.map((h) => {
    const [from, to] = row.columns;
    const query = row.scores ? newest.query[h].slice(from, to) : null;
    return { h, query, score: query && dot(query, numbers) * scale, weight: newest.weights[h][at] };
  });
  return (
    <table class="al-numbers">
      <caption>
        read for <span class="al-query">{asks}</span>
      </caption>
      <thead>
        <tr>
          <th scope="col">query head</th>
          {row.scores && <th scope="col">query</th>}
          {row.scores && <th scope="col">{row.part ? "adds to the score" : "score"}</th>}
          <th scope="col">weight</th>
          {row.mixed && <th scope="col">weight × value</th>}
        </tr>
      </thead>
      <tbody>
        {heads.map(({ h, query, score, weight }) => (
          <tr>
            <th scope="row">{h + 1}</th>
            {row.scores && <td>{vector(query)}</td>}
            {row.scores && <td>{number(score)}</td>}
            <td>{number(weight)}</td>
            {row.mixed && <td>{vector(row.mixed(h, numbers).map((value) => weight * value))}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The value that head `h` makes of kept numbers, where it makes one. */
export const madeOf = (stack) => (h, numbers) => matmul([numbers], stack[h])[0];

function Reason({ state, asks }) {
  if (state === "absent") return <p>This word is not written yet.</p>;
  if (state === "dropped")
    return <p>It has left the window: the cache holds it no more, and {asks} cannot read it.</p>;
  return null;
}

/** `at` is the place among those that the newest word sees, below 0 where it does not. */
export function Why({ row, word, state, ...cell }) {
  if (!row)
    return (
      <div class="al-strip al-cache-why">
        <p class="al-strip-title">Where do its numbers come from?</p>
        <p>Choose a cell: a key or a value at a place.</p>
      </div>
    );
  const gone = state === "absent" || state === "dropped";
  return (
    <div class="al-strip al-cache-why">
      <p class="al-strip-title">
        {row.name} of <span class="al-key">{word}</span>: {STATES[state]}
      </p>
      <Reason {...{ state }} asks={cell.asks} />
      {!gone && (
        <div class="al-cache-reasons">
          <ol class="al-steps">
            <Made {...{ row, word }} {...cell} />
          </ol>
          {cell.at >= 0 && (
            <div class="al-scroll">
              <Read {...{ row }} {...cell} />
            </div>
          )}
        </div>
      )}
      {state === "unseen" && <p>Made for the words between; {cell.asks} does not see it.</p>}
    </div>
  );
}
