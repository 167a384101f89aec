// The same words in another order: what each of them receives, before and after.
import { useRef } from "preact/hooks";
import { number } from "../../core/format.js";
import { seededShuffle } from "../../core/mathematics.js";
import { Choice } from "../Choice.jsx";
import { Difference } from "../Difference.jsx";

export const POSITIONS = {
  none: "no positions",
  sinusoidal: "sinusoidal, added to the embeddings",
  rotary: "rotary, turning queries and keys",
};
const ROUNDING = 1e-9;

function Line({ label, line, words, weights, query, onUse }) {
  return (
    <div class="al-order-line">
      <p class="al-strip-title">{label}</p>
      <ol class="al-phrase" aria-label={line}>
        {words.map(({ word, index }, place) => (
          <li>
            <button
              type="button"
              data-in-picture
              class={`al-phrase-word ${index === query ? "al-subject" : ""}`}
              aria-pressed={index === query}
              aria-label={`${line}: ${word}, place ${place + 1}, weight ${number(weights[place])}`}
              onClick={() => onUse(index)}
            >
              {word}
            </button>
            <span class="al-dot-space" aria-hidden="true">
              <span class="al-dot" style={{ transform: `scale(${Math.sqrt(weights[place])})` }} />
            </span>
            <span class="al-phrase-weight">{number(weights[place])}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Controls({ s, g, voice }) {
  const presses = useRef(0); // the seed itself makes the vectors of the other view
  const told = () => `Outputs differ by ${number(g.moved.value)}.`;
  const put = (order) => {
    s.order.value = order;
    voice.speak(`${order.map((i) => g.words.value[i]).join(" ")}. ${told()}`);
  };
  const shuffle = () => {
    presses.current += 1;
    put(seededShuffle(g.order.value, s.seed.value + presses.current));
  };
  return (
    <div class="al-controls" data-not-in-picture>
      <button type="button" class="al-primary-inline" onClick={shuffle}>
        shuffle the words
      </button>
      <button type="button" onClick={() => put(g.written.value)}>
        as written
      </button>
      <Choice
        label="Positions"
        value={s.positions.value}
        choices={POSITIONS}
        onChange={(kind) => {
          s.positions.value = kind;
          voice.speak(`${POSITIONS[kind]}. ${told()}`);
        }}
      />
    </div>
  );
}

/** `g.before` and `g.after`: words in order, weights of the query over them, outputs by place. */
export function Shuffle({ s, g, axes, voice }) {
  const [before, after, query] = [g.before.value, g.after.value, g.query.value];
  const word = g.words.value[query];
  const place = after.words.findIndex(({ index }) => index === query);
  const use = (index) => {
    s.query.value = index;
    const [there, here] = [before.outputs[index], g.after.value];
    const now = here.outputs[here.words.findIndex((one) => one.index === index)];
    const most = Math.max(...now.map((value, a) => Math.abs(value - there[a])));
    voice.speak(`${g.words.value[index]} asks. What it receives differs by ${number(most)}.`);
  };
  const same = g.moved.value < ROUNDING;
  const line = (name, run, at) => (
    <Line
      label={`${name}: whom ${word} attends to`}
      line={name}
      words={run.words}
      weights={run.weights[at]}
      query={query}
      onUse={use}
    />
  );
  return (
    <div>
      <Controls s={s} g={g} voice={voice} />
      <div data-picture>
        {line("as written", before, query)}
        {line("shuffled", after, place)}
        <div class="al-scroll">
          <Difference
            caption={`what ${word} receives`}
            columns={axes}
            of={["shuffled", after.outputs[place]]}
            from={["as written", before.outputs[query]]}
          />
        </div>
        <p class="al-reading">
          What a word receives differs between the two orders by at most{" "}
          <strong class={same ? "al-good-number" : "al-broken"}>{number(g.moved.value)}</strong>
          {same ? ": the outputs only shuffle, as the words did." : "."}
        </p>
      </div>
    </div>
  );
}
