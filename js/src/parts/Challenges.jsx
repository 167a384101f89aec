// Tasks a figure grades itself, from its state. The same conditions are judged in Python.
import { useEffect, useRef } from "preact/hooks";
import { number, list } from "../core/format.js";
import { recall, remember } from "../core/progress.js";

/**
 * The least favourable total over every place where the query word stands.
 * @param {{query: string, keys: string[], at_least?: number, at_most?: number}} condition
 */
export function measure(condition, words, weights) {
  const totals = words.flatMap((word, i) =>
    word !== condition.query
      ? []
      : [words.reduce((sum, w, j) => sum + (condition.keys.includes(w) ? weights[i][j] : 0), 0)],
  );
  if (!totals.length) return null;
  return condition.at_least !== undefined ? Math.min(...totals) : Math.max(...totals);
}

export function holds(condition, value) {
  if (value === null) return false;
  return condition.at_least !== undefined
    ? value >= condition.at_least
    : value <= condition.at_most;
}

export function judge(challenge, words, weights) {
  const parts = challenge.conditions.map((condition) => {
    const value = measure(condition, words, weights);
    return { condition, value, holds: holds(condition, value) };
  });
  const here = challenge.sentence === undefined || challenge.sentence === words.join(" ");
  return { parts, solved: here && parts.every((part) => part.holds) };
}

function Part({ part }) {
  const { condition, value, holds: good } = part;
  const goal =
    condition.at_least !== undefined
      ? `at least ${number(condition.at_least)}`
      : `at most ${number(condition.at_most)}`;
  return (
    <span class={`al-part ${good ? "al-good" : ""}`}>
      {condition.query} → {list(condition.keys)}: {value === null ? "not here" : number(value)} (
      {goal}) {good ? "✓" : ""}
    </span>
  );
}

export function Challenges({ figureKey, challenges, words, weights, sentence, onStart, voice }) {
  // A figure may start where a challenge already holds. It counts once it was seen not to hold.
  const open = useRef(new Set()).current;
  const judged = challenges.map((challenge) => {
    const verdict = judge(challenge, words, weights);
    if (!verdict.solved) open.add(challenge.id);
    return { ...verdict, solved: verdict.solved && open.has(challenge.id) };
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
          const elsewhere = challenge.sentence !== undefined && challenge.sentence !== sentence;
          return (
            <li class={solved ? "al-solved" : ""}>
              <p>
                <strong>{solved ? "Solved. " : before ? "Solved before. " : ""}</strong>
                {challenge.text}
              </p>
              {elsewhere ? (
                <p class="al-parts">This one is about “{challenge.sentence}”.</p>
              ) : (
                <p class="al-parts">
                  {judged[n].parts.map((part) => (
                    <Part part={part} />
                  ))}
                </p>
              )}
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
