// Tasks a figure grades itself, from its state. The same conditions are judged in Python.
import { computed, signal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { list, number, whole } from "../core/format.js";
import { recall, remember } from "../core/progress.js";
import { Steady } from "./Steady.jsx";
import { useOwnId } from "./useOwnId.js";

/** @typedef {{at_least?: number, at_most?: number}} Condition and what the figure measures */

export function holds({ at_least = -Infinity, at_most = Infinity }, value) {
  return value !== null && value >= at_least && value <= at_most;
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** What of the state is not as `challenge` has it: names and values that are given. */
const missing = ({ given = {} }, s) =>
  Object.entries(given).filter(([name, value]) => !same(s[name].value, value));

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

/** What a part says: the value as it is, and the bounds it is held to. */
function wording({ at_least, at_most }, value) {
  const bounds = [at_least, at_most].filter((bound) => bound !== undefined);
  const digits = Math.max(...bounds.map((bound) => digitsFor(bound, value ?? bound)));
  const write = (n) => (digits === 0 ? whole(n) : number(n, digits));
  const [low, high] = bounds.map(write);
  const one = `${at_least === undefined ? "at most" : "at least"} ${low}`;
  const both = low === high ? `exactly ${low}` : `${low} to ${high}`;
  return { text: write(value ?? 0), goal: bounds.length === 1 ? one : both };
}

/** `verdict` is a signal of what `judge` gives; this is its part `n`. */
function Part({ condition, verdict, n, name }) {
  const { here, good, text, goal } = useMemo(() => {
    const part = computed(() => verdict.value.parts[n]);
    return {
      here: computed(() => part.value.value !== null),
      good: computed(() => part.value.holds),
      text: computed(() => wording(condition, part.value.value).text),
      goal: computed(() => wording(condition, part.value.value).goal),
    };
  }, [verdict]);
  return (
    <span class={`al-part ${good.value ? "al-good" : ""}`}>
      {name(condition)}: {here.value ? <Steady text={text} /> : "not here"} ({goal}){" "}
      {good.value ? "✓" : ""}
    </span>
  );
}

/** `open`: whether its body is to be seen; `onPress` opens it, or folds it again. */
function Challenge({ challenge, n, verdict, before, name, onStart, open, onPress }) {
  const { solved, away } = useMemo(
    () => ({
      solved: computed(() => verdict.value.solved),
      away: computed(() => verdict.value.away),
    }),
    [verdict],
  );
  const id = useOwnId();
  const done = solved.value ? "Solved. " : before ? "Solved before. " : "";
  return (
    <li class={`${open ? "al-open" : ""} ${solved.value ? "al-solved" : ""}`}>
      <button
        type="button"
        class={`al-challenge ${done ? "al-done" : ""}`}
        aria-expanded={open}
        aria-controls={id}
        onClick={onPress}
      >
        {done && <span class="al-spoken">{done}</span>}
        {n + 1}. {challenge.title ?? "Challenge"}
      </button>
      <div class="al-task" id={id}>
        <p>{challenge.text}</p>
        <p class="al-parts">
          {away.value ||
            challenge.conditions.map((condition, part) => (
              <Part condition={condition} verdict={verdict} n={part} name={name} />
            ))}
        </p>
        <button
          type="button"
          aria-label={`Start challenge ${n + 1}`}
          onClick={() => onStart(challenge)}
        >
          Start from {challenge.start}
        </button>
        <p class={done ? "" : "al-room"}>
          <strong>{done || "Solved. "}</strong>
          {challenge.afterwards}
        </p>
      </div>
    </li>
  );
}

/**
 * Which of `challenges` is open, by its id, and a function that says so: the first that was not solved
 * before, the last if all were. It stays when it is solved: its result is read then.
 */
function useOpen(challenges, wasSolved) {
  const pressed = useRef(signal(undefined)).current;
  const ids = challenges.map(({ id }) => id);
  const first = useMemo(
    () => (challenges.find((one) => !wasSolved(one)) ?? challenges.at(-1))?.id,
    [ids.join()],
  );
  const here = pressed.value === null || ids.includes(pressed.value);
  return [here ? pressed.value : first, (id) => (pressed.value = id)];
}

/**
 * The challenges of `model`, or those for which `among(challenge)` holds.
 *
 * `s`, `start` and `put` are those of `useFigureState`: signals of the state, what it is at first, and what
 * changes it. `name(condition)` says what is measured; `needs[field](value, given)` what has to be where
 * `field` is given as `value`; `onStart(challenge)` loads where it begins, unless that is the start with
 * what is given and set. `measure` reads signals, so that a drag changes the numbers and renders nothing.
 */
export function Challenges(props) {
  const { model, s, start, put, voice, measure, name, needs = {}, among = () => true } = props;
  const { onStart = ({ given, setting }) => put({ ...start, ...given, ...setting }) } = props;
  const [figureKey, challenges] = [model.get("key"), model.get("challenges").filter(among)];
  // A figure may start where a challenge already holds. It counts once it was seen not to hold.
  const open = useRef(new Set()).current;
  const key = ({ id }) => `${figureKey}:challenge:${id}`;
  const [opened, setOpened] = useOpen(challenges, (one) => recall(key(one)));
  const { verdicts, solved } = useMemo(() => {
    const verdicts = challenges.map((challenge) =>
      computed(() => {
        const { parts, solved } = judge(challenge, measure);
        const lacking = missing(challenge, s).map(
          ([field, value]) => needs[field]?.(value, challenge.given) ?? `another ${field}`,
        );
        const away = lacking.length ? `This one needs ${list(lacking)}.` : null;
        const holdsHere = solved && !away;
        if (!holdsHere) open.add(challenge.id);
        return { parts, away, solved: holdsHere && open.has(challenge.id) };
      }),
    );
    return { verdicts, solved: computed(() => verdicts.map((one) => one.value.solved).join()) };
  }, [measure]);
  useEffect(() => {
    challenges.forEach((challenge, n) => {
      if (!verdicts[n].peek().solved || recall(key(challenge))) return;
      remember(key(challenge), true);
      // The one that is open says so itself.
      const tell = challenge.id === opened ? voice.speak : voice.tell;
      tell(`Challenge ${n + 1} solved. ${challenge.afterwards ?? ""}`);
    });
  }, [solved.value]);
  if (!challenges.length) return null;
  return (
    <div class="al-challenges" data-not-in-picture>
      <p class="al-strip-title">Challenges</p>
      <ol class={opened === null ? "al-folded" : ""}>
        {challenges.map((challenge, n) => (
          <Challenge
            {...{ challenge, n, name, onStart }}
            verdict={verdicts[n]}
            before={recall(key(challenge))}
            open={challenge.id === opened}
            onPress={() => setOpened(challenge.id === opened ? null : challenge.id)}
          />
        ))}
      </ol>
    </div>
  );
}
