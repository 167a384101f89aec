// Where a weight of a head comes from, and what becomes of it: the contribution of one word.
import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { number } from "../../core/format.js";
import { Steady } from "../Steady.jsx";
import { Strip } from "../Strip.jsx";

const written = (vector) => vector.map((value) => number(value)).join(", ");

/** The numbers of the chosen word in its head, as texts of their own: a drag changes most of them. */
function textsOf(s, g, axes) {
  const told = (read) =>
    computed(() => {
      if (!g.chosen.value) return "";
      const [h, key] = g.chosen.value;
      return read(g.runs[h].value, key, h);
    });
  const share = (name) => told((run, key) => number(run[name][g.query.value][key]));
  return {
    value: told((run, key) => written(run.values[key])),
    strength: told((run, key, h) => number(s.strengths.value[h], 1)),
    reached: told((run, key) => run.reaches[key].flatMap((v, a) => (v ? [a] : [])).join()),
    reaches: axes.map((_, a) => told((run, key) => number(run.reaches[key][a]))),
    length: told((run, key) => number(run.lengths[key])),
    weight: share("weights"),
    added: share("added"),
  };
}

/** What the value is written as: a number for each axis that it reaches. */
function Reaches({ texts, axes }) {
  if (!texts.reached.value) return "nothing";
  return texts.reached.value.split(",").map((a, n) => (
    <span key={a}>
      {n > 0 && ", "}
      <Steady text={texts.reaches[a]} /> on {axes[a]}
    </span>
  ));
}

function Contribution({ s, g, axes }) {
  const [h, key] = g.chosen.value;
  const texts = useMemo(() => textsOf(s, g, axes), []);
  return (
    <div class="al-strip">
      <p class="al-strip-title">and what it adds, in head {h + 1}</p>
      <ol class="al-steps">
        <li>
          value of <span class="al-key">{g.words.value[key]}</span>: {texts.value}
        </li>
        <li>
          through W_O, times <Steady text={texts.strength} />: <Reaches {...{ texts, axes }} />
        </li>
        <li>
          its length: <Steady text={texts.length} />
        </li>
        <li>
          adds: <Steady text={texts.weight} /> · <Steady text={texts.length} /> ={" "}
          <strong>
            <Steady text={texts.added} />
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
