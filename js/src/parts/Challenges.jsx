// Tasks a figure grades itself, from its state. The same conditions are judged in Python.
import { useEffect, useRef } from "preact/hooks";
import { number } from "../core/format.js";
import { recall, remember } from "../core/progress.js";

/** @typedef {{at_least?: number, at_most?: number}} Condition and what the figure measures */

export function holds(condition, value) {
  if (value === null) return false;
  return condition.at_least !== undefined
    ? value >= condition.at_least
    : value <= condition.at_most;
}

/** `measure(condition)` gives what the figure's state has of it, or null where that is nowhere. */
export function judge(challenge, measure) {
  const parts = challenge.conditions.map((condition) => {
    const value = measure(condition);
    return { condition, value, holds: holds(condition, value) };
  });
  return { parts, solved: parts.every((part) => part.holds) };
}

/** As many decimals as the bound needs: none for counts, two or more otherwise. */
function digitsFor(bound, value) {
  if (Number.isInteger(bound) && Number.isInteger(value)) return 0;
  return Math.max(2, String(bound).split(".")[1]?.length ?? 0);
}

function Part({ part, name }) {
  const { condition, value, holds: good } = part;
  const [word, bound] =
    condition.at_least !== undefined
      ? ["at least", condition.at_least]
      : ["at most", condition.at_most];
  const digits = digitsFor(bound, value);
  const goal = `${word} ${number(bound, digits)}`;
  return (
    <span class={`al-part ${good ? "al-good" : ""}`}>
      {name(condition)}: {value === null ? "not here" : number(value, digits)} ({goal}){" "}
      {good ? "✓" : ""}
    </span>
  );
}

/**
 * `name(condition)` says what is measured; `elsewhere(challenge)` is a sentence where the
 * challenge is about another state of the figure; `onStart(challenge)` loads where it begins.
 */
export function Challenges({ figureKey, challenges, measure, name, elsewhere, onStart, voice }) {
  // A figure may start where a challenge already holds. It counts once it was seen not to hold.
  const open = useRef(new Set()).current;
  const judged = challenges.map((challenge) => {
    const verdict = judge(challenge, measure);
    const solved = verdict.solved && !elsewhere?.(challenge);
    if (!solved) open.add(challenge.id);
    return { ...verdict, solved: solved && open.has(challenge.id) };
  });
  const solvedNow = judged.map((verdict) => verdict.solved).join();
  useEffect(() => {
    judged.forEach(({ solved }, n) => {
      const key = `${figureKey}:challenge:${challenges[n].id}`;
      if (!solved || recall(key)) return;
      remember(key, true);
      voice.tell(`Challenge ${n + 1} solved. ${challenges[n].afterwards ?? ""}`);
    });
  }, [solvedNow]);
  if (!challenges.length) return null;
  return (
    <div class="al-challenges" data-not-in-picture>
      <p class="al-strip-title">Challenges</p>
      <ol>
        {challenges.map((challenge, n) => {
          const solved = judged[n].solved;
          const before = recall(`${figureKey}:challenge:${challenge.id}`);
          return (
            <li class={solved ? "al-solved" : ""}>
              <p>
                {(solved || before) && <strong>{solved ? "Solved. " : "Solved before. "}</strong>}
                {challenge.text}
              </p>
              <p class="al-parts">
                {elsewhere?.(challenge) ||
                  judged[n].parts.map((part) => <Part part={part} name={name} />)}
              </p>
              {solved && challenge.afterwards && <p>{challenge.afterwards}</p>}
              <button
                type="button"
                aria-label={`Start challenge ${n + 1}`}
                onClick={() => onStart(challenge)}
              >
                Start from {challenge.start}
              </button>
            </li>
          );
        })}
      </ol>
    </div>
  );
}
