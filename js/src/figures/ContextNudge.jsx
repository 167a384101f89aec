// One word, several phrases: what a designed head adds to its vector, and where that leads.
import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { number, round } from "../core/format.js";
import { cosine, dot, matmul, scores, softmax } from "../core/mathematics.js";
import { Challenges } from "../parts/Challenges.jsx";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { Meter, barOf } from "../parts/Meter.jsx";
import { Slider } from "../parts/Slider.jsx";
import { Steady } from "../parts/Steady.jsx";
import { useFigureState } from "../parts/useFigureState.js";

const STATE = ["story", "removed", "strength"];
const STRONGEST = 2; // times what the head adds by itself
const RIGHT = 0.9;
const MEASURED = {
  cosine: ({ sense }) => `cosine with ${sense}`,
  weight: ({ word }) => `weight of ${word}`,
  out: () => "words taken out",
};
const NEEDS = {
  story: (story) => `“${story}”`,
  strength: (strength) => `a strength of ${number(strength, 1)}`,
};

/** Attention of one token over the words that are left, and what it adds by itself. */
function attend({ words, token, vocabulary, head }) {
  const x = words.map((word) => vocabulary[word]);
  const [q, k] = [matmul([x[token]], head.w_q), matmul(x, head.w_k)];
  const scale = 1 / Math.sqrt(head.w_q[0].length);
  const weights = softmax(scores(q, k, scale)[0]);
  const mixed = matmul([weights], matmul(x, head.w_v));
  return { x, weights, added: matmul(mixed, head.w_o)[0], before: x[token] };
}

function Words({ s, g, onToggle }) {
  const { words: all, token } = g.story.value;
  const [words, removed, { weights }] = [g.words.value, s.removed.value, g.attended.value];
  return (
    <ol class="al-phrase" aria-label="The phrase; press a word to take it out or put it back">
      {all.map((word, i) => {
        const at = words.findIndex((kept) => kept.index === i);
        const weight = at < 0 ? 0 : weights[at];
        const out = removed.includes(i);
        return (
          <li>
            <button
              type="button"
              data-in-picture
              class={`al-phrase-word ${out ? "al-out" : ""} ${i === token ? "al-subject" : ""}`}
              aria-pressed={!out}
              disabled={i === token}
              aria-label={
                i === token
                  ? `${word}, the word that asks`
                  : `${word}, ${out ? "taken out" : `weight ${number(weight)}`}`
              }
              onClick={() => onToggle(i)}
            >
              {word}
            </button>
            <span class="al-dot-space" aria-hidden="true">
              <span class="al-dot" style={{ transform: `scale(${Math.sqrt(weight)})` }} />
            </span>
            <span class="al-phrase-weight">{out ? "out" : number(weight)}</span>
          </li>
        );
      })}
    </ol>
  );
}

/** One axis of the vector, before and after. */
function AxisRow({ axis, a, nudged, largest }) {
  const { added, after, bars } = useMemo(() => {
    const value = computed(() => nudged.value.after[a]);
    return {
      added: computed(() => number(value.value - nudged.value.before[a])),
      after: computed(() => number(value.value)),
      bars: computed(() => {
        const share = Math.abs(value.value) / largest.value;
        return [{ ends: [0, share], kind: barOf(value.value) }];
      }),
    };
  }, []);
  return (
    <tr>
      <th scope="row">{axis}</th>
      <td>{number(nudged.peek().before[a])}</td>
      <td>
        <Steady text={added} room={5} />
      </td>
      <td>
        <strong>
          <Steady text={after} room={5} />
        </strong>
      </td>
      <td class="al-vectors-bar" aria-hidden="true">
        <Meter bars={bars} />
      </td>
    </tr>
  );
}

/** `nudged` is a signal; the table is rendered anew only when other axes take part. */
function VectorBars({ axes, nudged, story }) {
  const [used, largest] = useMemo(
    () => [
      computed(() => {
        const { before, after } = nudged.value;
        const takesPart = (a) => before[a] !== 0 || round(after[a], 2) !== 0;
        return axes.flatMap((_, a) => (takesPart(a) ? [a] : [])).join();
      }),
      computed(() => {
        const { before, after } = nudged.value;
        return Math.max(1, ...before.map(Math.abs), ...after.map(Math.abs));
      }),
    ],
    [],
  );
  const shown = used.value.split(",").filter(Boolean).map(Number);
  return (
    <table class="al-vectors">
      <caption>the vector, before and after</caption>
      <thead>
        <tr>
          <th scope="col">axis</th>
          <th scope="col">from the table</th>
          <th scope="col">added</th>
          <th scope="col">after</th>
          <td />
        </tr>
      </thead>
      <tbody>
        {shown.map((a) => (
          <AxisRow key={`${story} ${a}`} {...{ a, nudged, largest }} axis={axes[a]} />
        ))}
      </tbody>
    </table>
  );
}

function Sense({ name, vector, nudged }) {
  const [text, look] = useMemo(() => {
    const value = computed(() => cosine(nudged.value.after, vector));
    return [
      computed(() => number(value.value)),
      computed(() => (value.value >= RIGHT ? "al-good-number" : "")),
    ];
  }, []);
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{number(cosine(nudged.peek().before, vector))}</td>
      <td class={look}>
        <Steady text={text} room={5} />
      </td>
    </tr>
  );
}

function Senses({ story, senses, nudged }) {
  return (
    <table class="al-numbers">
      <caption>cosine with each sense</caption>
      <thead>
        <tr>
          <th scope="col">sense</th>
          <th scope="col">before</th>
          <th scope="col">after</th>
        </tr>
      </thead>
      <tbody>
        {Object.entries(senses).map(([name, vector]) => (
          <Sense key={`${story} ${name}`} {...{ name, vector, nudged }} />
        ))}
      </tbody>
    </table>
  );
}

function Strength({ strength }) {
  const text = useMemo(() => computed(() => number(strength.value, 1)), []);
  return (
    <label class="al-field">
      <span>strength of what is added</span>
      <Slider
        min={0}
        max={STRONGEST}
        step={0.1}
        value={strength}
        aria-valuetext={text}
        onInput={(event) => (strength.value = Number(event.currentTarget.value))}
      />
      <strong>
        <Steady text={text} />
      </strong>
    </label>
  );
}

function Opened({ g, head, axes }) {
  const [words, attended] = [g.words.value, g.attended.value];
  const named = (matrix) =>
    matrix.flatMap((row, a) =>
      row.flatMap((value, d) => (value ? [`${axes[a]} → ${d + 1}: ${number(value, 1)}`] : [])),
    );
  const q = matmul([attended.before], head.w_q)[0];
  return (
    <details class="al-more">
      <summary>Open the head</summary>
      <p>
        <strong class="al-query">w_q</strong> {named(head.w_q).join("; ")}.{" "}
        <strong class="al-key">w_k</strong> {named(head.w_k).join("; ")}. All other entries are 0.
        The values are the axes of meaning, copied.
      </p>
      <table class="al-numbers">
        <thead>
          <tr>
            <th scope="col">word</th>
            <th scope="col">key</th>
            <th scope="col">query · key</th>
            <th scope="col">weight</th>
          </tr>
        </thead>
        <tbody>
          {words.map(({ word }, i) => {
            const key = matmul([attended.x[i]], head.w_k)[0];
            return (
              <tr>
                <th scope="row">{word}</th>
                <td>{key.map((v) => number(v)).join(", ")}</td>
                <td>{number(dot(q, key))}</td>
                <td>{number(attended.weights[i])}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </details>
  );
}

function snippet(s, story, words, token) {
  return [
    "import attnlib as al",
    "",
    `tokens = ${JSON.stringify(words.map(({ word }) => word))}`,
    "x = al.world.SENSES.embed(tokens)",
    `head = al.world.SENSES.head("context")`,
    `delta = ${s.strength.value} * head(x)[${token}]`,
    `after = x[${token}] + delta`,
    "print(dict(zip(al.world.SENSES.axes, after.round(2))))",
  ].join("\n");
}

/** What a link holds, checked field by field. */
function readState(raw, stories) {
  if (!Object.keys(stories).includes(raw.story))
    throw new Error("its phrase is not one of this figure's");
  const { words, token } = stories[raw.story];
  const removable = (i) => Number.isInteger(i) && i >= 0 && i < words.length && i !== token;
  if (
    !Array.isArray(raw.removed) ||
    raw.removed.length >= words.length ||
    !raw.removed.every(removable)
  )
    throw new Error("its removed words are not words of the phrase");
  const strong = typeof raw.strength === "number" && raw.strength >= 0 && raw.strength <= STRONGEST;
  if (!strong) throw new Error(`its strength is not between 0 and ${STRONGEST}`);
  return Object.fromEntries(STATE.map((name) => [name, raw[name]]));
}

export function ContextNudge({ model }) {
  const voice = useVoice();
  const [stories, vocabulary] = [model.get("stories"), model.get("vocabulary")];
  const [axes, head] = [model.get("axes"), model.get("head")];
  const { s, g, start, put, linkState, reset } = useFigureState({
    model,
    voice,
    names: STATE,
    derive: (signals) => {
      const story = computed(() => stories[signals.story.value]);
      const words = computed(() =>
        story.value.words
          .map((word, index) => ({ word, index }))
          .filter(({ index }) => !signals.removed.value.includes(index)),
      );
      const token = computed(() =>
        words.value.findIndex(({ index }) => index === story.value.token),
      );
      const attended = computed(() =>
        attend({
          words: words.value.map(({ word }) => word),
          token: token.value,
          vocabulary,
          head,
        }),
      );
      const nudged = computed(() => {
        const { before, added } = attended.value;
        const after = before.map((value, a) => value + added[a] * signals.strength.value);
        return { before, after };
      });
      return { story, words, token, attended, nudged };
    },
    read: (raw) => readState(raw, stories),
  });
  const toggle = (i) => {
    const { words: all, token, senses } = g.story.value;
    const out = s.removed.value.includes(i);
    s.removed.value = out ? s.removed.value.filter((n) => n !== i) : [...s.removed.value, i];
    const closest = Object.entries(senses)
      .map(([name, vector]) => [cosine(g.nudged.value.after, vector), name])
      .sort(([a], [b]) => b - a)[0];
    voice.speak(
      `${all[i]} ${out ? "put back" : "taken out"}. ${all[token]} is nearest to ${closest[1]}, cosine ${number(closest[0])}.`,
    );
  };
  const measured = {
    cosine: ({ sense }) => {
      const vector = g.story.value.senses[sense];
      return vector ? cosine(g.nudged.value.after, vector) : null;
    },
    out: () => new Set(s.removed.value).size,
    weight: ({ word }) => {
      const at = g.words.value.findIndex((kept) => kept.word === word);
      return at < 0 ? null : g.attended.value.weights[at];
    },
  };
  return (
    <Figure
      figure="ContextNudge"
      model={model}
      voice={voice}
      title={model.get("title")}
      claim="Press a word to take it out of the phrase. Watch the vector of the word that asks."
      snippet={() => snippet(s, g.story.value, g.words.value, g.token.value)}
      linkState={linkState}
      reset={reset}
      values={() => {
        return { weights: g.attended.value.weights, ...g.nudged.value };
      }}
      after={
        <Challenges
          {...{ model, s, voice }}
          measure={(condition) => measured[condition.measure](condition)}
          name={(condition) => MEASURED[condition.measure](condition)}
          needs={NEEDS}
          onStart={({ given }) => put({ ...start, removed: [], ...given })}
        />
      }
    >
      <div class="al-controls" data-not-in-picture>
        <label class="al-field">
          <span>Phrase</span>
          <select
            value={s.story.value}
            onChange={(event) => put({ story: event.currentTarget.value, removed: [] })}
          >
            {Object.keys(stories).map((name) => (
              <option value={name}>{name}</option>
            ))}
          </select>
        </label>
        <Strength strength={s.strength} />
      </div>
      <div data-picture>
        <Words s={s} g={g} onToggle={toggle} />
        <div class="al-row">
          <VectorBars axes={axes} nudged={g.nudged} story={s.story.value} />
          <Senses story={s.story.value} senses={g.story.value.senses} nudged={g.nudged} />
        </div>
      </div>
      <Opened g={g} head={head} axes={axes} />
    </Figure>
  );
}
