// One head: its pattern, the strength of what it writes, and what each word adds to the one that asks.
import { computed } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { number, round } from "../../core/format.js";
import { length } from "../../core/mathematics.js";
import { MaskGrid } from "../MaskGrid.jsx";
import { Meter } from "../Meter.jsx";
import { Slider } from "../Slider.jsx";
import { Steady, Told, useTold } from "../Steady.jsx";

export const STRONGEST = 3;
const NOTHING = { weights: [], added: [], largest: 1 };

/** Weight and length of what is added, one under the other, for every word the query reads. */
function Reads({ label, words, run, query }) {
  const table = useRef(null);
  const n = words.length;
  const { tell, bars } = useMemo(() => {
    const row = computed(() => {
      const [weights, added] = ["weights", "added"].map((name) => run.value[name][query.value]);
      return weights.length === n && { weights, added, largest: Math.max(1, ...added) };
    });
    const tell = () => {
      if (!row.value) return null;
      const texts = {};
      for (let j = 0; j < n; j++) {
        texts[`weight ${j}`] = number(row.value.weights[j]);
        texts[`added ${j}`] = number(row.value.added[j]);
      }
      return texts;
    };
    const bars = computed(() => {
      const { weights, added, largest } = row.value || NOTHING;
      return words.flatMap((_, j) => [
        { ends: [0, weights[j] ?? 0], kind: "al-weight", y: (j + 0.32) / n },
        { ends: [0, (added[j] ?? 0) / largest], kind: "al-value", y: (j + 0.68) / n },
      ]);
    });
    return { tell, bars };
  }, [n]);
  useTold(table, tell, n);
  return (
    <table class="al-numbers al-reads" aria-label={label} ref={table}>
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
          <tr>
            <th scope="row">{word}</th>
            <td>
              <Told of={`weight ${j}`} />
            </td>
            <td>
              <Told of={`added ${j}`} />
            </td>
            {j === 0 && (
              <td class="al-bar-column" rowSpan={n} aria-hidden="true">
                <Meter key={n} bars={bars} />
              </td>
            )}
          </tr>
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
    voice.speakAtRest(() => `${name}: strength ${text.value}`);
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
