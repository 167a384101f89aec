// The flagship: two matrices turn words into queries and keys; their dot products become weights.
import { computed, signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { list, round, short } from "../core/format.js";
import * as mathematics from "../core/mathematics.js";
import { Choice } from "../parts/Choice.jsx";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { LARGEST, MatrixEditor, signedFill } from "../parts/MatrixEditor.jsx";
import { describeCell } from "../parts/Grid.jsx";
import { PatternGrid } from "../parts/PatternGrid.jsx";
import { Plane } from "../parts/Plane.jsx";
import { Strip } from "../parts/Strip.jsx";
import { Challenges } from "../parts/Challenges.jsx";
import { SentenceBox, readSentence } from "../parts/SentenceBox.jsx";
import { Switch } from "../parts/Switch.jsx";
import { useFigureState } from "../parts/useFigureState.js";

const STATE = ["sentence", "w_q", "w_k", "scaled", "causal", "orientation", "show", "selected"];
const CHOICES = { orientation: ["rows", "columns"], show: ["dots", "scores", "weights"] };
const RANDOM_SPREAD = 1.5;
const NEEDS = {
  sentence: (sentence) => `“${sentence}”`,
  scaled: (on) => `the division ${on ? "on" : "off"}`,
  causal: (on) => `the causal mask ${on ? "on" : "off"}`,
};

/** The graph: embeddings -> queries, keys -> scores -> weights. */
function graph(s, vocabulary) {
  const words = computed(() => s.sentence.value.split(" "));
  const x = computed(() => words.value.map((word) => vocabulary[word]));
  const [q, k] = [s.w_q, s.w_k].map((w) => {
    const settled = mathematics.sameRows();
    return computed(() => settled(mathematics.matmul(x.value, w.value)));
  });
  const width = computed(() => s.w_q.value[0].length);
  const scale = computed(() => (s.scaled.value ? 1 / Math.sqrt(width.value) : 1));
  const scoreRows = mathematics.eachRow((query, _, keys, factor) =>
    mathematics.scoresOf(query, keys, factor),
  );
  const weightRows = mathematics.eachRow(mathematics.softmax);
  const agreement = computed(() => scoreRows(q.value, k.value, scale.value));
  const scores = computed(() =>
    s.causal.value ? mathematics.maskLater(agreement.value) : agreement.value,
  );
  const weights = computed(() => weightRows(scores.value));
  const chosen = computed(() =>
    s.selected.value?.every((n) => n < words.value.length) ? s.selected.value : null,
  );
  return { words, x, q, k, scores, weights, chosen, width };
}

const isMatrix = (value, like) =>
  Array.isArray(value) &&
  value.length === like.length &&
  value.every(
    (row) =>
      Array.isArray(row) &&
      row.length === like[0].length &&
      row.every((v) => typeof v === "number" && Number.isFinite(v) && Math.abs(v) <= LARGEST),
  );

/** What a link holds, checked: nothing a stranger wrote reaches the figure unread. */
function readState(raw, start, vocabulary) {
  const state = {};
  if (typeof raw.sentence !== "string") throw new Error("it holds no sentence");
  const words = readSentence(raw.sentence, vocabulary);
  if (words instanceof Error) throw words;
  state.sentence = words.join(" ");
  for (const name of ["w_q", "w_k"]) {
    const like = start[name];
    if (!isMatrix(raw[name], like))
      throw new Error(`its ${name} is not ${like.length} by ${like[0].length} numbers`);
    state[name] = raw[name];
  }
  for (const name of ["scaled", "causal"]) state[name] = raw[name] === true;
  for (const [name, choices] of Object.entries(CHOICES))
    state[name] = choices.includes(raw[name]) ? raw[name] : choices[0];
  const inside = (n) => Number.isInteger(n) && n >= 0 && n < words.length;
  const chosen = raw.selected;
  state.selected =
    Array.isArray(chosen) && chosen.length === 2 && chosen.every(inside) ? chosen : null;
  return state;
}

/**
 * The total weight a query word gives to some key words, where it is least favourable.
 * @param {{query: string, keys: string[], at_least?: number, at_most?: number}} condition
 */
function measure(condition, words, weights) {
  const totals = words.flatMap((word, i) =>
    word !== condition.query
      ? []
      : [words.reduce((sum, w, j) => sum + (condition.keys.includes(w) ? weights[i][j] : 0), 0)],
  );
  if (!totals.length) return null;
  return condition.at_least !== undefined ? Math.min(...totals) : Math.max(...totals);
}

const python = (matrix) => `np.array([${matrix.map((r) => `[${r.join(", ")}]`).join(", ")}])`;

function snippet(s) {
  const arguments_ = [s.causal.value && "causal=True", !s.scaled.value && "scale=1.0"];
  return [
    "import numpy as np",
    "import attnlib as al",
    "",
    `tokens = ${JSON.stringify(s.sentence.value)}.split()`,
    "x = al.world.PHRASES.embed(tokens)",
    `w_q = ${python(s.w_q.value)}`,
    `w_k = ${python(s.w_k.value)}`,
    "",
    `trace = al.trace_attention(${["x @ w_q", "x @ w_k", "x", ...arguments_].filter(Boolean).join(", ")})`,
    "print(trace.weights.round(2))",
  ].join("\n");
}

function randomMatrix(like, seed) {
  const next = mathematics.seededNormals(seed);
  return like.map((row) => row.map(() => round(next() * RANDOM_SPREAD, 1)));
}

function Embeddings({ words, x, axes, selected }) {
  const role = (i) => [
    selected?.[0] === i ? "al-is-query" : "",
    selected?.[1] === i ? "al-is-key" : "",
  ];
  return (
    <div class="al-matrix al-embeddings">
      <table aria-label={`Embeddings, ${words.length} by ${axes.length}`}>
        <caption>embeddings x</caption>
        <thead>
          <tr>
            <td class="al-corner" />
            {axes.map((axis) => (
              <th scope="col" class="al-slanted">
                <span>{axis}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {words.map((word, i) => (
            <tr class={role(i).join(" ")}>
              <th scope="row">{word}</th>
              {x[i].map((value) => (
                <td class="al-cell" style={{ background: signedFill(value, 1.4) }}>
                  {value ? short(value) : <span class="al-zero">0</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Presets({ presets, s, seed }) {
  const load = ({ w_q, w_k }) => {
    s.w_q.value = w_q;
    s.w_k.value = w_k;
  };
  const random = () => {
    load({
      w_q: randomMatrix(s.w_q.value, seed.value),
      w_k: randomMatrix(s.w_k.value, seed.value + 1e6),
    });
  };
  return (
    <div class="al-presets" role="group" aria-label="Presets" data-not-in-picture>
      <span class="al-hint">Load</span>
      {Object.entries(presets).map(([name, preset]) => (
        <button type="button" onClick={() => load(preset)}>
          {name}
        </button>
      ))}
      <span class="al-pair">
        <button type="button" onClick={random}>
          random
        </button>
        <label>
          seed{" "}
          <input
            type="number"
            min={0}
            max={999999}
            value={seed.value}
            onInput={(event) => {
              const wanted = Math.trunc(Number(event.currentTarget.value));
              if (wanted >= 0 && wanted <= 999999) seed.value = wanted;
            }}
          />
        </label>
      </span>
    </div>
  );
}

function Legend() {
  return (
    <p class="al-legend" aria-hidden="true">
      <span class="al-legend-bar">
        <span class="al-legend-zero" />
      </span>
      <span>−3</span>
      <span>0</span>
      <span>+3</span>
    </p>
  );
}

export function QueryKey({ model }) {
  const voice = useVoice();
  const [vocabulary, axes] = [model.get("vocabulary"), model.get("axes")];
  const { s, g, start, put, linkState, reset } = useFigureState({
    model,
    voice,
    names: STATE,
    derive: (signals) => graph(signals, vocabulary),
    read: (raw, start) => readState(raw, start, vocabulary),
  });
  const { wanted, pick, seed } = useMemo(() => {
    const wanted = signal({ kind: "query", token: s.selected.peek()?.[0] ?? 0 });
    const inside = (n) => Math.min(n, g.words.value.length - 1);
    const pick = computed(() => ({ ...wanted.value, token: inside(wanted.value.token) }));
    return { wanted, pick, seed: signal(7) };
  }, []);
  const select = (i, j) => {
    s.selected.value = [i, j];
    wanted.value = { kind: "query", token: i };
    const [score, weight] = [g.scores.value[i][j], g.weights.value[i][j]];
    voice.speak(describeCell(g.words.value, i, j, score, weight));
  };
  const move = (kind, token, target) => {
    const w = { query: s.w_q, key: s.w_k }[kind];
    const next = mathematics.moveProjection(w.value, g.x.value[token], target);
    if (!isMatrix(next, w.value)) return;
    const before = w.peek();
    w.value = next.map((row, i) => (row === before[i] ? row : row.map((v) => round(v, 4))));
    const [word, x] = [g.words, g.x].map((all) => all.value[token]);
    voice.speakAtRest(() => {
      const [a, b] = mathematics.matmul([x], w.value)[0];
      return `${kind} ${word} at ${short(a)}, ${short(b)}`;
    });
  };
  const lit = (role) => (a) => {
    const token = g.chosen.value?.[role];
    return token !== undefined && g.x.value[token][a] !== 0;
  };
  return (
    <Figure
      figure="QueryKey"
      model={model}
      voice={voice}
      title={model.get("title")}
      claim="Drag a number of w_q or w_k sideways, or choose it and press + or −. The pattern answers at once."
      snippet={() => snippet(s)}
      linkState={linkState}
      values={() => {
        const now = { queries: g.q, keys: g.k, scores: g.scores, weights: g.weights };
        return Object.fromEntries(
          Object.entries(now).map(([name, matrix]) => [name, structuredClone(matrix.peek())]),
        );
      }}
      reset={reset}
      after={
        <Challenges
          {...{ model, s, voice }}
          needs={NEEDS}
          measure={(condition) =>
            condition.measure === "numbers"
              ? [...s.w_q.value, ...s.w_k.value].flat().filter(Boolean).length
              : measure(condition, g.words.value, g.weights.value)
          }
          name={({ measure, query, keys }) =>
            measure === "numbers" ? "numbers that are not 0" : `${query} → ${list(keys)}`
          }
          onStart={(challenge) => {
            const preset = model.get("presets")[challenge.start];
            put({ ...start, ...challenge.given, ...preset });
          }}
        />
      }
    >
      <SentenceBox
        sentence={s.sentence.value}
        sentences={model.get("sentences")}
        vocabulary={vocabulary}
        voice={voice}
        onChange={(sentence) => put({ sentence, selected: null })}
      >
        <details class="al-more">
          <summary>The words as numbers</summary>
          <p>These embeddings were designed by hand, one axis for each idea.</p>
          <Embeddings words={g.words.value} x={g.x.value} axes={axes} selected={g.chosen.value} />
        </details>
      </SentenceBox>
      <Presets presets={model.get("presets")} s={s} seed={seed} />
      <div class="al-row" data-picture>
        <div class="al-matrices">
          {["w_q", "w_k"].map((name, role) => (
            <MatrixEditor
              name={name}
              kind={["query", "key"][role]}
              matrix={s[name]}
              rowLabels={axes}
              lit={lit(role)}
              voice={voice}
              onChange={(next) => (s[name].value = next)}
            />
          ))}
          <Legend />
        </div>
        <div class="al-main">
          <PatternGrid
            tokens={g.words}
            scores={g.scores}
            weights={g.weights}
            show={s.show}
            orientation={s.orientation}
            selected={s.selected}
            onSelect={select}
          />
          <div class="al-controls" data-not-in-picture>
            <Choice
              label="Show"
              value={s.show.value}
              choices={{ dots: "weights as dots", weights: "weights", scores: "scores" }}
              onChange={(value) => (s.show.value = value)}
            />
            <Choice
              label="Queries are"
              value={s.orientation.value}
              choices={{ rows: "rows", columns: "columns (3Blue1Brown)" }}
              onChange={(value) => (s.orientation.value = value)}
            />
            <Switch
              label={`divide by √${g.width.value}`}
              on={s.scaled.value}
              onChange={(on) => (s.scaled.value = on)}
            />
            <Switch
              label="causal mask"
              on={s.causal.value}
              onChange={(on) => (s.causal.value = on)}
            />
          </div>
        </div>
        <div class="al-side">
          {g.width.value === 2 && (
            <Plane
              words={g.words}
              q={g.q}
              k={g.k}
              pick={pick}
              selected={g.chosen}
              onPick={(next) => (wanted.value = next)}
              onMove={move}
            />
          )}
          <Strip {...g} selected={g.chosen} axes={axes} w_q={s.w_q} w_k={s.w_k} scaled={s.scaled} />
        </div>
      </div>
    </Figure>
  );
}
