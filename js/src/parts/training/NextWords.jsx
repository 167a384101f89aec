// The model's next word at one place of the text: now, and before any training.
import { number } from "../../core/format.js";
import { WORDS } from "../../core/training/index.js";

const SHOWN = 5;

/** The likeliest words: `[{word, now, before}]`. */
function likeliest(now, before) {
  return WORDS.map((word, n) => ({ word, now: now[n], before: before[n] }))
    .sort((a, b) => b.now - a.now)
    .slice(0, SHOWN);
}

const Bar = ({ share, kind }) => (
  <span class="al-next-track" aria-hidden="true">
    <svg>
      <line class={kind} x1="0" y1="50%" x2={`${(100 * share).toFixed(1)}%`} y2="50%" />
    </svg>
  </span>
);

export function NextWords({ g }) {
  const words = g.words.value;
  const query = g.query.value;
  const [now, before] = [g.look.value, g.untrained.value].map((look) => look.probabilities[query]);
  const rows = likeliest(now, before);
  const comes = words[query + 1];
  return (
    <div class="al-next">
      <p class="al-strip-title">
        After … {words[query - 1] ?? ""} <span class="al-query">{words[query]}</span>
        {comes ? `, the text goes on with ${comes}` : ", the text ends"}
      </p>
      <table class="al-numbers">
        <thead>
          <tr>
            <th scope="col">next word</th>
            <th scope="col" colSpan={2}>
              probability now
            </th>
            <th scope="col">untrained</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ word, now, before }) => (
            <tr key={word} class={word === comes ? "al-in-row" : ""}>
              <th scope="row">
                {word}
                {word === comes && " ✓"}
              </th>
              <td>{number(now)}</td>
              <td class="al-bar-column">
                <Bar share={now} kind="al-weight" />
              </td>
              <td>{number(before)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
