// Predict, then reveal: the reader commits to an answer before the book shows it.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { bind } from "../core/model.js";
import { number, parse, short, whole } from "../core/format.js";
import { recall, remember } from "../core/progress.js";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { useOwnId } from "../parts/useOwnId.js";

const CLOSE = 0.1;

function Bars({ labels, guess, answer, onChange, locked }) {
  const total = guess.reduce((a, b) => a + b, 0) || 1;
  return (
    <ul class="al-bars">
      {labels.map((label, i) => (
        <li>
          <span class="al-bars-label">{label}</span>
          <input
            type="range"
            min={0}
            max={1}
            step={0.01}
            value={guess[i]}
            disabled={locked}
            aria-label={`Your share for ${label}`}
            aria-valuetext={number(guess[i] / total)}
            onInput={(event) =>
              onChange(guess.map((v, n) => (n === i ? Number(event.currentTarget.value) : v)))
            }
          />
          <span class="al-bars-number">{number(guess[i] / total)}</span>
          {answer && (
            <span class="al-bars-answer">
              <span class="al-bar" style={{ width: `${answer[i] * 100}%` }} aria-hidden="true" />
              <span>{number(answer[i])}</span>
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Choices({ labels, guess, answer, onChange, locked, name }) {
  return (
    <ul class="al-choices">
      {labels.map((label, i) => (
        <li class={answer === i ? "al-right" : ""}>
          <label>
            <input
              type="radio"
              name={name}
              checked={guess === i}
              disabled={locked}
              onChange={() => onChange(i)}
            />
            {label} {answer === i && <strong>← this one</strong>}
          </label>
        </li>
      ))}
    </ul>
  );
}

/** What is counted has no digits behind the point. */
const asNumber = (value) => (Number.isInteger(value) ? whole(value) : number(value));

function NumberField({ guess, answer, onChange, locked }) {
  return (
    <p class="al-field">
      <label>
        Your number{" "}
        <input
          type="text"
          inputMode="decimal"
          value={guess}
          disabled={locked}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      </label>
      {answer !== undefined && <strong>The number: {asNumber(answer)}</strong>}
    </p>
  );
}

/** For each kind: an empty guess, what makes it complete, and the kind word after the reveal. */
const KINDS = {
  bars: {
    Field: Bars,
    empty: (labels) => labels.map(() => 0),
    complete: (guess) => guess.some((value) => value > 0) || "Give at least one of them a share.",
    compare(guess, answer) {
      const total = guess.reduce((a, b) => a + b, 0);
      const off = guess.reduce((sum, v, i) => sum + Math.abs(v / total - answer[i]), 0) / 2;
      return off <= CLOSE
        ? `You placed ${number(1 - off)} of the weight where it is. Well seen.`
        : `You placed ${number(1 - off)} of the weight where it is. Look at where the rest went.`;
    },
  },
  choice: {
    Field: Choices,
    empty: () => null,
    complete: (guess) => guess !== null || "Choose one first; a guess is enough.",
    compare: (guess, answer) => (guess === answer ? "Yes." : "Not this time; here is why."),
  },
  number: {
    Field: NumberField,
    empty: () => "",
    complete: (guess) =>
      Number.isFinite(parse(guess)) || `“${guess}” is not a number yet. Write one such as 0.5.`,
    compare: (guess, answer, tolerance) =>
      Math.abs(parse(guess) - answer) <= tolerance
        ? "Yes, that is it."
        : `You said ${short(parse(guess))}.`,
  },
};

/** A guess kept from an earlier visit, if it still fits the question. */
function kept(key, kind, labels) {
  const guess = recall(key);
  const fits = {
    bars: Array.isArray(guess) && guess.length === labels.length && guess.every(Number.isFinite),
    choice: Number.isInteger(guess) && guess >= 0 && guess < labels.length,
    number: typeof guess === "string" && Number.isFinite(parse(guess)),
  };
  return fits[kind] ? guess : null;
}

export function Prediction({ model }) {
  const voice = useVoice();
  const kind = model.get("kind");
  const [labels, answer] = [model.get("labels"), model.get("answer")];
  const { Field, empty, complete, compare } = KINDS[kind];
  const key = `${model.get("key")}:guess`;
  const name = useOwnId();
  const { s, dispose } = useMemo(() => {
    const { signals, dispose } = bind(model, ["guess"]);
    signals.guess.value ??= kept(key, kind, labels);
    return { s: signals, dispose };
  }, []);
  useEffect(() => dispose, []);
  const [draft, setDraft] = useState(s.guess.value ?? empty(labels));
  const committed = s.guess.value !== null;
  // The pressed button goes away: the focus moves on to the one in its place.
  const pressed = useRef(false);
  const takeFocus = (button) => {
    if (!button || !pressed.current) return;
    pressed.current = false;
    button.focus({ preventScroll: true });
  };
  const commit = () => {
    const ready = complete(draft);
    if (ready !== true) return voice.tell(ready, true);
    pressed.current = true;
    s.guess.value = draft;
    remember(key, draft);
    voice.tell("");
    voice.speak(`${compare(draft, answer, model.get("tolerance"))} ${model.get("explanation")}`);
  };
  const again = () => {
    pressed.current = true;
    s.guess.value = null;
    remember(key, null);
    setDraft(empty(labels));
  };
  return (
    <Figure
      figure="Prediction"
      model={model}
      voice={voice}
      title="Predict"
      claim={model.get("question")}
    >
      <Field
        labels={labels}
        name={name}
        guess={committed ? s.guess.value : draft}
        answer={committed ? answer : undefined}
        locked={committed}
        onChange={setDraft}
      />
      {committed ? (
        <div class="al-reveal">
          <p>
            <strong>{compare(s.guess.value, answer, model.get("tolerance"))}</strong>{" "}
            {model.get("explanation")}
          </p>
          <button ref={takeFocus} type="button" onClick={again}>
            Guess again
          </button>
        </div>
      ) : (
        <button ref={takeFocus} type="button" class="al-primary" onClick={commit}>
          That is my guess: show me
        </button>
      )}
    </Figure>
  );
}
