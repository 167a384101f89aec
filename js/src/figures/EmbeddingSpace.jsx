// Words as points: their neighbours, their directions, and sums and differences of them.
import { computed, effect } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { number, round } from "../core/format.js";
import { cosine, dot } from "../core/mathematics.js";
import { write } from "../core/write.js";
import { Challenges } from "../parts/Challenges.jsx";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { FingerHint } from "../parts/FingerHint.jsx";
import { LINE, boxAround, boxOf, isFree } from "../parts/names.js";
import { Steady } from "../parts/Steady.jsx";
import { useName } from "../parts/useName.js";
import { usePlane } from "../parts/usePlane.js";
import { useFigureState } from "../parts/useFigureState.js";

const STATE = ["vectors", "across", "up", "word", "analogy", "similarity"];
const SIZE = 340;
const CENTRE = SIZE / 2;
const REACH = 1.9; // of each axis, both ways
const UNIT = CENTRE / REACH;
const SHOWN = 5; // neighbours in a list
const [RADIUS, BESIDE] = [5, 8]; // of a point; from its middle to its name
const LETTER = 8.8; // breadth: names are short, and may have an m
const TERMS = [
  { label: "", name: "from" },
  { label: "−", name: "− subtract" },
  { label: "+", name: "+ add" },
];
const SIMILARITIES = { cosine: "cosine", dot: "dot product" };

const measures = { cosine, dot };

/** What a challenge needs that is about these, in words. */
const NEEDS = {
  analogy: ([a, b, c]) => `${a} − ${b} + ${c}`,
  similarity: (how) => `similarity by ${SIMILARITIES[how]}`,
};

/** The words of `vectors`, most similar to `target` first, without those in `but`. */
export function neighbours(vectors, target, similarity, but = []) {
  return Object.entries(vectors)
    .filter(([word]) => !but.includes(word))
    .map(([word, vector]) => ({ word, value: measures[similarity](vector, target) }))
    .sort((a, b) => b.value - a.value);
}

const combine = (vectors, [a, b, c]) =>
  vectors[a].map((value, i) => value - vectors[b][i] + vectors[c][i]);

/** Where the name of a point may stand, the best place first: beside it, below that, above that. */
function* placesAround([x, y], text) {
  const width = BESIDE + text.length * LETTER;
  const fits = { start: x + width < SIZE, end: x - width > 0 };
  const sides = ["start", "end"].filter((anchor) => fits[anchor]);
  const [highest, lowest] = [LINE, SIZE - 4];
  const level = Math.max(highest, Math.min(y + 4, lowest));
  for (const step of [LINE + 1, -LINE - 1])
    for (let line = level; line >= highest && line <= lowest; line += step)
      for (const anchor of sides)
        yield { x: x + (anchor === "end" ? -BESIDE : BESIDE), y: line, anchor, text };
}

/** Names off one another and off the points, the chosen word's first; below one another where all is full. */
function placeNames(points, chosen) {
  const full = points.map(({ at }) => boxAround(at, RADIUS));
  const place = ({ word, at }) => {
    for (const name of placesAround(at, word)) {
      const box = boxOf(name, LETTER);
      if (isFree(box, full)) {
        full.push(box);
        return name;
      }
    }
    return { x: at[0] + BESIDE, y: at[1] + 4, anchor: "start" }; // nothing is free
  };
  const first = points.findIndex(({ word }) => word === chosen);
  const name = place(points[first]);
  return points.map((point, n) => (n === first ? name : place(point)));
}

/** Words that have nothing on either axis crowd the middle: they stand back. */
function wordClass({ word, at: [x, y] }, chosen) {
  if (word === chosen) return "al-strong";
  return Math.hypot(x - CENTRE, y - CENTRE) < 0.25 * UNIT ? "al-unmoved" : "";
}

function drawLine(line, [x1, y1], [x2, y2]) {
  write(line, { x1, y1, x2, y2 });
}

/** What the plane draws: where each word and its name stand, and the sum's parallelogram. */
function sceneOf({ vectors, across, up, word, analogy }, result, axes) {
  const at = computed(() => {
    const [i, j] = [axes.indexOf(across.value), axes.indexOf(up.value)];
    return (vector) => [CENTRE + vector[i] * UNIT, CENTRE - vector[j] * UNIT];
  });
  const points = computed(() =>
    Object.entries(vectors.value).map(([name, vector]) => ({ word: name, at: at.value(vector) })),
  );
  const corners = computed(() => [
    ...analogy.value.map((name) => at.value(vectors.value[name])),
    at.value(result.value),
  ]);
  const here = computed(() =>
    [across, up].map((axis) => vectors.value[word.value][axes.indexOf(axis.value)]),
  );
  const label = computed(() => {
    const place = `${across.value} ${number(here.value[0])}, ${up.value} ${number(here.value[1])}`;
    return `${word.value} at ${place}. Arrow keys move it.`;
  });
  return { points, corners, here, label };
}

/** Draws the scene on every change, without rendering. */
function useDrawing(svg, { points, corners }, word) {
  useLayoutEffect(() => {
    const [first, second, end] = svg.current.querySelector(".al-parallelogram").children;
    const groups = [...svg.current.querySelectorAll(".al-word")].map((g) => [g, ...g.children]);
    return effect(() => {
      const names = placeNames(points.value, word.value);
      points.value.forEach((point, n) => {
        const [group, dot, text] = groups[n];
        const { x, y, anchor } = names[n];
        write(group, { class: `al-word ${wordClass(point, word.value)}` });
        drawLine(dot, point.at, point.at);
        write(text, { x, y, "text-anchor": anchor });
      });
      const [a, b, c, d] = corners.value;
      drawLine(first, b, a);
      drawLine(second, c, d);
      drawLine(end, d, d);
    });
  }, []);
}

/** `s` and `result` are signals. */
function Space({ s, result, axes, onPick, onMove }) {
  const svg = useRef(null);
  const scene = useMemo(() => sceneOf(s, result, axes), []);
  const hands = usePlane({
    ...{ svg, size: SIZE },
    tips: () => scene.points.peek().map(({ word, at: [x, y] }) => ({ word, x, y })),
    onGrab: ({ word }) => onPick(word),
    onDrag: ({ word }, [x, y]) => onMove(word, (x - CENTRE) / UNIT, (CENTRE - y) / UNIT),
    onStep: ([dx, dy]) => {
      const [x, y] = scene.here.peek();
      onMove(s.word.peek(), x + dx, y + dy);
    },
  });
  useName(svg, scene.label);
  useDrawing(svg, scene, s.word);
  return (
    <div class="al-space">
      <svg
        ref={svg}
        viewBox={`0 0 ${SIZE} ${SIZE}`}
        tabindex={0}
        role="application"
        aria-roledescription="plane of words"
        {...hands}
      >
        <g class="al-axes">
          <line x1={0} y1={CENTRE} x2={SIZE} y2={CENTRE} />
          <line x1={CENTRE} y1={0} x2={CENTRE} y2={SIZE} />
          <text x={4} y={CENTRE - 6}>
            {s.across} →
          </text>
          <text x={CENTRE + 6} y={12}>
            {s.up} ↑
          </text>
        </g>
        <g class="al-parallelogram">
          <line />
          <line />
          <line class="al-end" />
        </g>
        {Object.keys(s.vectors.peek()).map((word) => (
          <g class="al-word">
            <line />
            <text>{word}</text>
          </g>
        ))}
      </svg>
      <FingerHint />
    </div>
  );
}

/** One line of a ranking, a signal. */
function Rank({ ranked, n, room }) {
  const [word, value] = useMemo(
    () => [
      computed(() => ranked.value[n]?.word ?? ""),
      computed(() => (n < ranked.value.length ? number(ranked.value[n].value) : "")),
    ],
    [ranked],
  );
  return (
    <tr>
      <th scope="row">
        <Steady text={word} room={room} />
      </th>
      <td>
        <Steady text={value} room={5} />
      </td>
    </tr>
  );
}

function Ranking({ title, ranked }) {
  const length = useMemo(() => computed(() => Math.min(SHOWN, ranked.value.length)), [ranked]);
  const room = 1 + Math.max(...ranked.peek().map(({ word }) => word.length));
  return (
    <table class="al-numbers al-ranking">
      <caption>{title}</caption>
      <tbody>
        {Array.from({ length: length.value }, (_, n) => (
          <Rank {...{ ranked, n, room }} />
        ))}
      </tbody>
    </table>
  );
}

function LeftOut({ left }) {
  const [word, value] = useMemo(
    () => [computed(() => left.value[0].word), computed(() => number(left.value[0].value))],
    [left],
  );
  return (
    <p>
      Inputs left out:{" "}
      <strong>
        <Steady text={word} />
      </strong>{" "}
      (<Steady text={value} />)
    </p>
  );
}

function Pick({ label, name, value, choices, onChange }) {
  return (
    <label class="al-field">
      {label && <span>{label}</span>}
      <select
        aria-label={name}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      >
        {choices.map((choice) => (
          <option value={choice}>{choice}</option>
        ))}
      </select>
    </label>
  );
}

function snippet(s, axes) {
  return [
    "import numpy as np",
    "",
    `axes = ${JSON.stringify(axes)}`,
    `vectors = {`,
    ...Object.entries(s.vectors.value).map(
      ([w, v]) => `    ${JSON.stringify(w)}: [${v.join(", ")}],`,
    ),
    "}",
    `a, b, c = (np.array(vectors[w]) for w in ${JSON.stringify(s.analogy.value)})`,
    "target = a - b + c",
    "for word, vector in vectors.items():",
    "    v = np.array(vector)",
    s.similarity.value === "cosine"
      ? "    print(word, (v @ target / (np.linalg.norm(v) * np.linalg.norm(target))).round(2))"
      : "    print(word, (v @ target).round(2))",
  ].join("\n");
}

/** What a link holds, checked field by field. */
function readState(raw, start, axes) {
  const known = (word) => typeof word === "string" && Object.hasOwn(start.vectors, word);
  const vector = (v) =>
    Array.isArray(v) &&
    v.length === axes.length &&
    v.every((n) => typeof n === "number" && Math.abs(n) <= REACH);
  const checks = {
    vectors: (v) =>
      v !== null &&
      typeof v === "object" &&
      Object.keys(start.vectors).every((word) => Object.hasOwn(v, word) && vector(v[word])) &&
      Object.keys(v).every(known),
    across: (v) => axes.includes(v),
    up: (v) => axes.includes(v),
    word: known,
    analogy: (v) => Array.isArray(v) && v.length === 3 && v.every(known),
    similarity: (v) => Object.keys(SIMILARITIES).includes(v),
  };
  for (const name of STATE)
    if (!checks[name](raw[name])) throw new Error(`its ${name} does not fit this figure`);
  return Object.fromEntries(STATE.map((name) => [name, raw[name]]));
}

export function EmbeddingSpace({ model }) {
  const voice = useVoice();
  const axes = model.get("axes");
  const { s, g, start, put, linkState, reset } = useFigureState({
    model,
    voice,
    names: STATE,
    derive: (signals) => {
      const result = computed(() => combine(signals.vectors.value, signals.analogy.value));
      const near = computed(() => {
        const { vectors, word, similarity } = signals;
        return neighbours(vectors.value, vectors.value[word.value], similarity.value, [word.value]);
      });
      const answers = computed(() =>
        neighbours(signals.vectors.value, result.value, signals.similarity.value),
      );
      const left = computed(() =>
        answers.value.filter(({ word }) => !signals.analogy.value.includes(word)),
      );
      return { result, near, answers, left };
    },
    read: (raw, start) => readState(raw, start, axes),
  });
  const words = Object.keys(start.vectors);
  const inputs = s.analogy.value;
  const move = (word, x, y) => {
    const moved = [...s.vectors.value[word]];
    const inside = (value) => round(Math.max(-REACH, Math.min(REACH, value)), 2);
    moved[axes.indexOf(s.across.value)] = inside(x);
    moved[axes.indexOf(s.up.value)] = inside(y);
    s.vectors.value = { ...s.vectors.value, [word]: moved };
    voice.speakAtRest(
      () =>
        `${word} at ${number(inside(x))}, ${number(inside(y))}; nearest ${g.near.value[0].word}`,
    );
  };
  const vocabulary = model.get("vocabulary");
  const measured = {
    length: ({ word }) => Math.hypot(...s.vectors.value[word]),
    moved: ({ but }) =>
      Object.entries(vocabulary).filter(
        ([word, vector]) => !but.includes(word) && vector.join() !== s.vectors.value[word]?.join(),
      ).length,
    cosine: ({ words: [a, b] }) => cosine(s.vectors.value[a], s.vectors.value[b]),
    answer: ({ word }) => (g.left.value[0].word === word ? 1 : 0),
    winner: ({ word }) => (g.answers.value[0].word === word ? 1 : 0),
  };
  const names = {
    length: ({ word }) => `length of ${word}`,
    moved: () => "other words that moved",
    cosine: ({ words: [a, b] }) => `cosine of ${a} and ${b}`,
    answer: ({ word }) => `${word} is nearest, inputs left out (1 is yes)`,
    winner: ({ word }) => `${word} is nearest of all (1 is yes)`,
  };
  const setAnalogy = (n) => (word) =>
    (s.analogy.value = inputs.map((old, i) => (i === n ? word : old)));
  return (
    <Figure
      figure="EmbeddingSpace"
      model={model}
      voice={voice}
      title={model.get("title")}
      claim="Drag a word. Its neighbours change, and so do all sums and differences it takes part in."
      snippet={() => snippet(s, axes)}
      linkState={linkState}
      reset={reset}
      values={() => ({ result: g.result.value, near: g.near.value, answers: g.answers.value })}
      after={
        <Challenges
          {...{ model, s, voice }}
          needs={NEEDS}
          measure={(condition) => measured[condition.measure](condition)}
          name={(condition) => names[condition.measure](condition)}
          onStart={({ given }) => put({ ...start, vectors: vocabulary, ...given })}
        />
      }
    >
      <div class="al-controls" data-not-in-picture>
        <Pick
          label="Look along"
          value={s.across.value}
          choices={axes}
          onChange={(v) => (s.across.value = v)}
        />
        <Pick label="and" value={s.up.value} choices={axes} onChange={(v) => (s.up.value = v)} />
        <Pick
          label="Word"
          value={s.word.value}
          choices={words}
          onChange={(v) => (s.word.value = v)}
        />
        <Pick
          label="Similarity"
          value={s.similarity.value}
          choices={Object.keys(SIMILARITIES)}
          onChange={(v) => (s.similarity.value = v)}
        />
      </div>
      <div class="al-row" data-picture>
        <Space
          s={s}
          result={g.result}
          axes={axes}
          onPick={(word) => (s.word.value = word)}
          onMove={move}
        />
        <div class="al-strip">
          <Ranking
            title={`nearest to ${s.word.value}, by ${SIMILARITIES[s.similarity.value]}`}
            ranked={g.near}
          />
          <div class="al-controls" role="group" aria-label="Sum and difference">
            {TERMS.map(({ label, name }, n) => (
              <Pick
                label={label}
                name={name}
                value={inputs[n]}
                choices={words}
                onChange={setAnalogy(n)}
              />
            ))}
          </div>
          <Ranking
            title={`nearest to ${inputs[0]} − ${inputs[1]} + ${inputs[2]}`}
            ranked={g.answers}
          />
          <LeftOut left={g.left} />
        </div>
      </div>
    </Figure>
  );
}
