// Where a weight of a head comes from, and what becomes of it: the contribution of one word.
import { number } from "../../core/format.js";
import { Strip } from "../Strip.jsx";

const written = (vector) => vector.map((value) => number(value)).join(", ");

function Contribution({ s, g, axes }) {
  const [h, key] = g.chosen.value;
  const [run, query] = [g.runs[h].value, g.query.value];
  const reach = run.reaches[key].flatMap((value, a) =>
    value ? [`${number(value)} on ${axes[a]}`] : [],
  );
  return (
    <div class="al-strip">
      <p class="al-strip-title">and what it adds, in head {h + 1}</p>
      <ol class="al-steps">
        <li>
          value of <span class="al-key">{g.words.value[key]}</span>: {written(run.values[key])}
        </li>
        <li>
          through W_O, times {number(s.strengths.value[h], 1)}: {reach.join(", ") || "nothing"}
        </li>
        <li>its length: {number(run.lengths[key])}</li>
        <li>
          adds: {number(run.weights[query][key])} · {number(run.lengths[key])} ={" "}
          <strong>{number(run.added[query][key])}</strong>
        </li>
      </ol>
    </div>
  );
}

/** How the chosen weight came about, as in QueryKey, and its contribution. */
export function Why({ s, g, axes }) {
  return (
    <div class="al-row">
      <Strip {...g.opened} selected={g.cell} words={g.words} x={g.x} axes={axes} />
      {g.chosen.value && <Contribution {...{ s, g, axes }} />}
    </div>
  );
}
