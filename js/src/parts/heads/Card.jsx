// One head: its pattern, the strength of what it writes, and what each word adds to the one that asks.
import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { number, round } from "../../core/format.js";
import { length } from "../../core/mathematics.js";
import { MaskGrid } from "../MaskGrid.jsx";
import { Meter } from "../Meter.jsx";
import { Slider } from "../Slider.jsx";
import { Steady } from "../Steady.jsx";

export const STRONGEST = 3;

/** What word `j` has in what the head adds, as signals; a drag of the strength changes no weight. */
function looksOf(j, row) {
  const weight = computed(() => row.value.weights[j] ?? 0);
  const added = computed(() => row.value.added[j] ?? 0);
  return {
    weight: computed(() => number(weight.value)),
    added: computed(() => number(added.value)),
    bars: [
      { ends: computed(() => [0, weight.value]), kind: "al-weight", y: "25%" },
      { ends: computed(() => [0, added.value / row.value.largest]), kind: "al-value", y: "75%" },
    ],
  };
}

function Read({ word, j, row }) {
  const looks = useMemo(() => looksOf(j, row), []);
  return (
    <tr>
      <th scope="row">{word}</th>
      <td>
        <Steady text={looks.weight} />
      </td>
      <td>
        <Steady text={looks.added} />
      </td>
      <td aria-hidden="true">
        <Meter class="al-reads-bars" bars={looks.bars} />
      </td>
    </tr>
  );
}

/** Weight and length of what is added, one under the other, for every word the query reads. */
function Reads({ label, words, run, query }) {
  const row = useMemo(
    () =>
      computed(() => {
        const [weights, added] = ["weights", "added"].map((name) => run.value[name][query.value]);
        return { weights, added, largest: Math.max(1, ...added) };
      }),
    [],
  );
  return (
    <table class="al-numbers al-reads" aria-label={label}>
      <thead>
        <tr>
          <th scope="col">reads</th>
          <th scope="col">weight</th>
          <th scope="col">adds</th>
          <td />
        </tr>
      </thead>
      <tbody>
        {words.map((word, j) => (
          <Read {...{ word, j, row }} />
        ))}
      </tbody>
    </table>
  );
}

/** The pattern: a strength changes none of its weights, so a drag leaves it as it is. */
function Pattern({ h, s, g, onSelect }) {
  const { weights, scores, selected } = useMemo(
    () => ({
      weights: computed(() => g.looks[h].value.weights),
      scores: computed(() => g.looks[h].value.scores),
      selected: computed(() => (g.chosen.value?.[0] === h ? g.cell.value : null)),
    }),
    [],
  );
  return (
    <div class="al-scroll">
      <MaskGrid
        label={`Head ${h + 1}`}
        queries={g.words.value}
        flipped={s.orientation.value === "columns"}
        query={g.query}
        onSelect={(i, j) => onSelect(h, i, j)}
        {...{ weights, scores, selected }}
      />
    </div>
  );
}

function Strength({ h, name, strengths, voice }) {
  const [strength, text] = useMemo(() => {
    const strength = computed(() => strengths.value[h]);
    return [strength, computed(() => number(strength.value, 1))];
  }, []);
  const set = (value) => {
    strengths.value = strengths.value.map((old, n) => (n === h ? value : old));
    voice.speakAtRest(`${name}: strength ${text.value}`);
  };
  return (
    <label class="al-field" data-not-in-picture>
      <span>W_O times</span>
      <Slider
        min={-STRONGEST}
        max={STRONGEST}
        step={0.1}
        value={strength}
        aria-label={`strength of head ${h + 1}`}
        aria-valuetext={text}
        onInput={(event) => set(round(Number(event.currentTarget.value), 1))}
      />
      <strong>
        <Steady text={text} room={2.5} />
      </strong>
    </label>
  );
}

/** `onSelect(h, i, j)` hears of the cell that was chosen. */
export function Card({ name, h, s, g, voice, onSelect }) {
  const run = g.runs[h];
  const total = useMemo(() => computed(() => number(length(run.value.delta[g.query.value]))), []);
  return (
    <div class="al-head-card">
      <p class="al-strip-title">
        {h + 1}. {name}
      </p>
      <Strength {...{ h, name, voice }} strengths={s.strengths} />
      <div class="al-head-parts">
        <Pattern {...{ h, s, g, onSelect }} />
        <div>
          <Reads
            label={`what head ${h + 1} reads`}
            words={g.words.value}
            {...{ run }}
            query={g.query}
          />
          <p>
            adds a vector of length{" "}
            <strong>
              <Steady text={total} />
            </strong>
          </p>
        </div>
      </div>
    </div>
  );
}
