// A short quiz: every choice, right or wrong, is answered with its reason.
import { useEffect, useMemo } from "preact/hooks";
import { bind } from "../core/model.js";
import { recall, remember } from "../core/progress.js";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { useOwnId } from "../parts/useOwnId.js";

function Question({ question, n, name, picked, onPick }) {
  const choice = picked === undefined ? null : question.choices[picked];
  return (
    <fieldset class="al-question">
      <legend>
        {n + 1}. {question.text}
      </legend>
      <ul class="al-choices">
        {question.choices.map((option, i) => (
          <li class={picked === i ? (option.right ? "al-right" : "al-not-right") : ""}>
            <label>
              <input
                type="radio"
                name={`${name}-${n}`}
                checked={picked === i}
                onChange={() => onPick(i)}
              />
              {option.text}
            </label>
          </li>
        ))}
      </ul>
      {choice && (
        <p class="al-why">
          <strong>{choice.right ? "Right. " : "Not so. "}</strong>
          {choice.why}
        </p>
      )}
    </fieldset>
  );
}

/** Answers kept from an earlier visit, if they still fit the questions. */
function kept(key, questions) {
  const answers = recall(key);
  if (answers === null || typeof answers !== "object") return {};
  return Object.fromEntries(
    Object.entries(answers).filter(([n, i]) => questions[n]?.choices?.[i] !== undefined),
  );
}

export function Quiz({ model }) {
  const voice = useVoice();
  const questions = model.get("questions");
  const key = `${model.get("key")}:answers`;
  const name = useOwnId();
  const { s, dispose } = useMemo(() => {
    const { signals, dispose } = bind(model, ["answers"]);
    signals.answers.value = { ...kept(key, questions), ...signals.answers.value };
    return { s: signals, dispose };
  }, []);
  useEffect(() => dispose, []);
  const answers = s.answers.value;
  const right = questions.filter((q, n) => q.choices[answers[n]]?.right).length;
  const pick = (n, i) => {
    s.answers.value = { ...answers, [n]: i };
    remember(key, s.answers.value);
    const choice = questions[n].choices[i];
    voice.speak(`${choice.right ? "Right." : "Not so."} ${choice.why}`);
  };
  return (
    <Figure figure="Quiz" model={model} voice={voice} title="Quiz">
      {questions.map((question, n) => (
        <Question
          question={question}
          n={n}
          name={name}
          picked={answers[n]}
          onPick={(i) => pick(n, i)}
        />
      ))}
      <p class="al-tally">
        {right} of {questions.length} right.{" "}
        {Object.keys(answers).length > 0 && (
          <button
            type="button"
            onClick={(event) => {
              event.currentTarget.closest("section").querySelector("input").focus();
              s.answers.value = {};
              remember(key, null);
            }}
          >
            Start over
          </button>
        )}
      </p>
    </Figure>
  );
}
