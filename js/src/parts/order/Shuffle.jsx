// The same words in another order: what each of them receives, before and after.
import { number } from "../../core/format.js";
import { Choice } from "../Choice.jsx";

export const POSITIONS = {
  none: "no positions",
  sinusoidal: "sinusoidal, added to the embeddings",
  rotary: "rotary, turning queries and keys",
};

function Line({ label, words, weights, moved, onUse }) {
  return (
    <div class="al-order-line">
      <p class="al-strip-title">{label}</p>
      <ol class="al-phrase">
        {words.map(({ word, index }, place) => (
          <li>
            <button
              type="button"
              data-in-picture
              class="al-phrase-word"
              aria-label={`${word}, place ${place + 1}, weight ${number(weights[place])}`}
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
      {moved}
    </div>
  );
}

/** `g.before` and `g.after`: words in order, weights of the query over them, outputs by word. */
export function Shuffle({ s, g, onShuffle }) {
  const [before, after] = [g.before.value, g.after.value];
  const query = s.query.value;
  const use = (index) => (s.query.value = index);
  const word = g.words.value[query];
  const line = (label, run) => (
    <Line
      label={label}
      words={run.words}
      weights={run.weights[run.words.findIndex(({ index }) => index === query)]}
      onUse={use}
    />
  );
  return (
    <div>
      <div class="al-controls" data-not-in-picture>
        <button type="button" class="al-primary-inline" onClick={onShuffle}>
          shuffle the words
        </button>
        <button type="button" onClick={() => (s.order.value = g.words.value.map((_, i) => i))}>
          as written
        </button>
        <Choice
          label="Positions"
          value={s.positions.value}
          choices={POSITIONS}
          onChange={(kind) => (s.positions.value = kind)}
        />
      </div>
      <div data-picture>
        {line(`as written: whom ${word} attends to`, before)}
        {line(`shuffled: whom ${word} attends to`, after)}
        <p class="al-reading">
          What a word receives differs between the two orders by at most{" "}
          <strong class={g.moved.value < 1e-9 ? "al-good-number" : "al-broken"}>
            {number(g.moved.value)}
          </strong>
          {g.moved.value < 1e-9 ? ": the outputs only shuffle, as the words did." : "."}
        </p>
      </div>
    </div>
  );
}
