// Where a weight of a head comes from, and what becomes of it: the contribution of one word.
import { computed } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { number } from "../../core/format.js";
import { Told, useTold } from "../Steady.jsx";
import { Strip } from "../Strip.jsx";

const written = (vector) => vector.map((value) => number(value)).join(", ");

/** Which axes the value of the chosen word is written to, as a text: a drag seldom changes it. */
const reachedBy = ({ reaches }, key) => reaches[key].flatMap((v, a) => (v ? [a] : [])).join();

/** The numbers of the chosen word in its head, by name. */
function tellContribution({ s, g, axes }) {
  if (!g.chosen.value) return null;
  const [h, key] = g.chosen.value;
  const run = g.runs[h].value;
  const [weights, added] = [run.weights, run.added].map((rows) => rows[g.query.value]);
  const texts = {
    strength: number(s.strengths.value[h], 1),
    added: `${number(weights[key])} · ${number(run.lengths[key])} = ${number(added[key])}`,
  };
  for (let a = 0; a < axes.length; a++) texts[`axis ${a}`] = number(run.reaches[key][a]);
  return texts;
}

/** What the value is written as: a number for each axis that it reaches. */
function Reaches({ reached, axes }) {
  if (!reached) return "nothing";
  return reached.split(",").map((a, n) => (
    <span key={a}>
      {n > 0 && ", "}
      <Told of={`axis ${a}`} /> on {axes[a]}
    </span>
  ));
}

function Contribution({ s, g, axes }) {
  const strip = useRef(null);
  const [h, key] = g.chosen.value;
  const { value, reached } = useMemo(() => {
    const told = (read) =>
      computed(() => g.chosen.value && read(g.runs[g.chosen.value[0]].value, g.chosen.value[1]));
    return { value: told((run, key) => written(run.values[key])), reached: told(reachedBy) };
  }, []);
  useTold(strip, () => tellContribution({ s, g, axes }), reached.value);
  return (
    <div class="al-strip" ref={strip}>
      <p class="al-strip-title">and what it adds, in head {h + 1}</p>
      <ol class="al-steps">
        <li>
          value of <span class="al-key">{g.words.value[key]}</span>: {value}
        </li>
        <li>
          through W_O, times <Told of="strength" />: <Reaches reached={reached.value} axes={axes} />
        </li>
        <li>
          adds, weight times length:{" "}
          <strong>
            <Told of="added" />
          </strong>
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
