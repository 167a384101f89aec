// The patterns of any model: all heads small, one large, and what is known of an edge.
import { computed } from "@preact/signals";
import { distinct, many, number } from "../core/format.js";
import { SCORES, bytesOf, rowOf, scoresOf, shapeOf, shown } from "../core/patterns.js";
import { Challenges } from "../parts/Challenges.jsx";
import { Choice } from "../parts/Choice.jsx";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { Edge } from "../parts/patterns/Edge.jsx";
import { Large } from "../parts/patterns/Large.jsx";
import { HeadMap } from "../parts/patterns/HeadMap.jsx";
import { Own } from "../parts/patterns/Own.jsx";
import { makeReader, useReader } from "../parts/patterns/reader.js";
import { useFigureState } from "../parts/useFigureState.js";

// What a text's patterns are: a model may send others.
const SENT = ["text", "tokens", "key_tokens", "_ids", "longest", "_weights", "_added"];
const STATE = ["show", "order", "small", "chosen", "selected", "corner", "orientation"];
const SPAN = 20; // tokens that the large grid shows at once
const ORIENTATIONS = { rows: "rows", columns: "columns (3Blue1Brown)" };
const SHOWS = { weights: "weights", added: "lengths of what is added", both: "both" };
const LABELS = {
  previous: "previous token",
  first: "first token",
  own: "the token itself",
  same: "same token",
  prefix: "prefix matching",
};
const OVER = 0.55; // of lengths that are drawn over weights

/** What was sent, read once for each text. */
function readSent(s, model) {
  const [tokens, keyTokens] = [s.tokens.value, s.key_tokens.value];
  const [nLayers, nHeads] = model.get("shape");
  const shape = shapeOf({
    heads: nLayers * nHeads,
    queries: tokens.length,
    keys: keyTokens.length,
    causal: model.get("causal"),
  });
  const [weights, added] = [s._weights, s._added].map((sent) => bytesOf(sent.value));
  const [queries, keys] = [tokens.map(shown), keyTokens.map(shown)];
  const ids = s._ids.value;
  return {
    told: ids.length ? ids : tokens, // what tells tokens apart
    ...{ nLayers, nHeads, shape, weights, queries, keys, cross: model.get("cross") },
    ...{ added: added.length ? added : null, longest: s.longest.value },
    ...{ queryNames: distinct(queries), keyNames: distinct(keys) },
    span: [Math.min(SPAN, queries.length), Math.min(SPAN, keys.length)],
    headName: (head) => `${Math.floor(head / nHeads)}.${head % nHeads}`,
    layerName: (head) => `layer ${Math.floor(head / nHeads)}`,
    may: (i, j) => j < shape.seen(i),
  };
}

/** Where the small patterns stand: layers or heads in lines, or by a score, the largest first. */
function arrange(order, { nLayers, nHeads }, scores) {
  const all = Array.from({ length: nLayers * nHeads }, (_, head) => head);
  const name = (n) => n;
  const lines = { columnNames: name, rowNames: name };
  if (order === "heads") {
    const turned = all.map((n) => (n % nLayers) * nHeads + Math.floor(n / nLayers));
    return { order: turned, columns: nLayers, kinds: "heads in rows, layers in columns", ...lines };
  }
  const score = scores[order];
  if (!score)
    return { order: all, columns: nHeads, kinds: "layers in rows, heads in columns", ...lines };
  const sorted = all.sort((a, b) => score.heads[b] - score.heads[a] || a - b);
  return {
    order: sorted,
    columns: nHeads,
    kinds: `by ${score.label}, the largest first`,
    columnNames: (c) => c + 1,
  };
}

function scoresOfAll(m) {
  if (m.cross || m.queries.length < 2)
    return Object.fromEntries(SCORES.map((name) => [name, null]));
  return Object.fromEntries(
    SCORES.map((name) => {
      const score = scoresOf(name, m.shape, m.weights, m.told);
      return [name, score && { label: LABELS[name], ...score }];
    }),
  );
}

function layersOf(m, show) {
  const weights = { bytes: m.weights, ink: "weight" };
  if (!m.added || show === "weights") return [weights];
  const added = { bytes: m.added, ink: "value" };
  return show === "added" ? [added] : [weights, { ...added, opacity: OVER }];
}

/** Of the edge that is chosen: what a challenge may ask for, null where there is none. */
const MEASURES = {
  weight: {
    label: "weight of the edge",
    of: ({ row, key }) => row.weights[key],
  },
  outdone: {
    label: "the longest of its row, in lengths of the edge",
    of: ({ row, key }) => (row.added?.[key] ? Math.max(...row.added) / row.added[key] : null),
  },
  query: { label: "its query, counted from 0", of: ({ query }) => query },
  key: { label: "its key, counted from 0", of: ({ key }) => key },
};

function measure(condition, { s, g }) {
  if (s.selected.value === null) return null;
  const [query, key] = s.selected.value;
  return MEASURES[condition.measure].of({ query, key, row: g.row.value });
}

let nGraphs = 0;

/** Of one text `m`: nothing in here is read anew for another. */
function graph(s, m) {
  const counts = [m.queries.length, m.keys.length];
  const clampCorner = (corner) =>
    corner.map((first, axis) => Math.max(0, Math.min(first, counts[axis] - m.span[axis])));
  const head = computed(() => s.chosen.value[0] * m.nHeads + s.chosen.value[1]);
  const query = computed(() => s.selected.value?.[0] ?? counts[0] - 1);
  const corner = computed(() => clampCorner(s.corner.value));
  const scores = computed(() => scoresOfAll(m));
  const of = (bytes, largest, i) => bytes && rowOf(m.shape, bytes, largest, head.value, i);
  const rowsOf = (i) => ({
    weights: of(m.weights, 1, i),
    added: of(m.added, m.longest[head.value], i),
  });
  return {
    number: nGraphs++,
    ...{ ...m, head, query, corner, clampCorner, scores, rowsOf },
    row: computed(() => rowsOf(query.value)),
    scored: computed(() => scores.value[s.order.value] ?? null),
    arranged: computed(() => arrange(s.order.value, m, scores.value)),
    layers: computed(() => layersOf(m, s.show.value)),
    view: computed(() => {
      const [first, key] = corner.value;
      const rows = Array.from({ length: m.span[0] }, (_, i) => rowsOf(first + i));
      const part = (name) => m[name] && rows.map((row) => row[name].slice(key, key + m.span[1]));
      const may = (i, j) => m.may(first + i, key + j);
      const token = rows.map(() => s.show.value);
      const longest = m.longest[head.value];
      return { weights: part("weights"), added: part("added"), may, token, longest };
    }),
    inView: (edge) => {
      const at = edge?.map((token, axis) => token - corner.value[axis]);
      return at?.every((place, axis) => place >= 0 && place < m.span[axis]) ? at : null;
    },
    acrossHeads: (i, j) =>
      Array.from({ length: m.shape.heads }, (_, one) => rowOf(m.shape, m.weights, 1, one, i)[j]),
    tell: (i, j, weight, added) => {
      const pair = `query ${m.queryNames[i]}, key ${m.keyNames[j]}`;
      if (!m.may(i, j)) return `${pair}: hidden`;
      return `${pair}: weight ${number(weight)}${added === undefined ? "" : `, adds ${number(added)}`}`;
    },
  };
}

/** What a link holds of the text on show, checked field by field. */
function readState(raw, g) {
  const counts = [g.queries.length, g.keys.length];
  const pair = (v, most) =>
    Array.isArray(v) &&
    v.length === 2 &&
    v.every((i, n) => Number.isInteger(i) && i >= 0 && i < most[n]);
  const scores = g.scores.peek();
  const checks = {
    show: (v) => v === "weights" || (g.added && ["added", "both"].includes(v)),
    order: (v) => ["layers", "heads"].includes(v) || (Object.hasOwn(scores, v) && scores[v]),
    small: (v) => ["patterns", "row"].includes(v),
    chosen: (v) => pair(v, [g.nLayers, g.nHeads]),
    selected: (v) => v === null || pair(v, counts),
    corner: (v) => pair(v, counts),
    orientation: (v) => Object.keys(ORIENTATIONS).includes(v),
  };
  for (const [name, fits] of Object.entries(checks))
    if (!fits(raw[name])) throw new Error(`its ${name} does not fit this figure`);
  return Object.fromEntries(STATE.map((name) => [name, raw[name]]));
}

const python = (value) => (value === null ? "None" : JSON.stringify(value));

/** How the figure is made of what the reader has, and what must be there for it. */
function making(s, g, hasOwnText) {
  const state = STATE.map((name) => `${name}=${python(s[name].value)}`).join(", ");
  const text = JSON.stringify(s.text.value); // what JSON escapes, Python reads alike
  if (hasOwnText)
    return ["import attnlib as al", `Patterns.of_text(al.load_smollm2(), ${text}, ${state})`];
  const shape = [g.nLayers, g.nHeads, g.queries.length, g.keys.length].join(", ");
  const others = g.cross ? ", key_tokens" : "";
  const added = g.added ? ", contributions=contributions" : "";
  return [
    `# weights: your model's, (${shape})`,
    `Patterns(tokens, weights${others}${added}, ${state})`,
  ];
}

function snippet(s, g, hasOwnText) {
  const [layer, head] = s.chosen.value;
  const [needed, made] = making(s, g, hasOwnText);
  return [
    "from attnlib.figures import Patterns",
    ...["", needed, `figure = ${made}`],
    `print(figure.weights[${layer}, ${head}, ${g.query.value}].round(2))`,
  ].join("\n");
}

function Controls({ s, g, onQuery }) {
  const scored = Object.entries(g.scores.value).filter(([, score]) => score);
  const orders = {
    ...{ layers: "layers", heads: "heads" },
    ...Object.fromEntries(scored.map(([name, { label }]) => [name, `score: ${label}`])),
  };
  const set = (name) => (value) => (s[name].value = value);
  return (
    <div class="al-controls" data-not-in-picture>
      <Choice label="Arranged by" value={s.order.value} choices={orders} onChange={set("order")} />
      <Choice
        label="Small pictures"
        value={s.small.value}
        choices={{ patterns: "whole patterns", row: "the row of who asks" }}
        onChange={set("small")}
      />
      <Choice
        label="Who asks"
        value={String(g.query.value)}
        choices={Object.fromEntries(g.queryNames.map((name, i) => [i, name]))}
        onChange={(i) => onQuery(Number(i))}
      />
      {g.added && (
        <Choice label="Show" value={s.show.value} choices={SHOWS} onChange={set("show")} />
      )}
      <Choice
        label="Queries are"
        value={s.orientation.value}
        choices={ORIENTATIONS}
        onChange={set("orientation")}
      />
    </div>
  );
}

/** How strong an ink is for how much, in the small pictures. */
function Legend({ s, g }) {
  return (
    <p class="al-hint al-map-legend">
      {g.layers.value.map(({ ink }) => (
        <span>
          {ink === "weight" ? "weight 0" : "length 0"}
          {[0, 25, 50, 75, 100].map((share) => (
            <i
              aria-hidden="true"
              style={{
                background: `color-mix(in srgb, var(--al-${ink}) ${share}%, var(--al-surface))`,
              }}
            />
          ))}{" "}
          {ink === "weight" ? "1" : "the longest of its head"}; the middle is a quarter
        </span>
      ))}
      {s.small.value === "row" && (
        <span>
          each picture is the row of <span class="al-query">{g.queryNames[g.query.value]}</span>
        </span>
      )}
    </p>
  );
}

const pick = (state, names) => Object.fromEntries(names.map((name) => [name, state[name]]));

/** What is computed, at full precision. */
function valuesOf(g) {
  const ofScores = (what) =>
    Object.fromEntries(
      Object.entries(g.scores.value).map(([name, score]) => [name, score && what(score)]),
    );
  return {
    head: g.head.value,
    order: g.arranged.value.order,
    rows: g.queries.map((_, i) => g.rowsOf(i)),
    scores: ofScores(({ heads }) => [...heads]),
    uniform: ofScores(({ uniform }) => uniform),
  };
}

export function Patterns({ model }) {
  const voice = useVoice();
  const hasOwnText = model.get("own_text");
  const {
    s,
    g: made,
    start,
    put,
    linkState,
    reset,
  } = useFigureState({
    ...{ model, voice, names: STATE, sent: SENT },
    derive: (s, put) => {
      const now = computed(() => graph(s, readSent(s, model)));
      const reader = hasOwnText ? makeReader({ model, s, put, voice, now, readState }) : null;
      return { now, reader };
    },
    read: (raw, start, { now, reader }) => {
      const isOther = reader && "text" in raw && raw.text !== s.text.peek();
      return isOther ? reader.open(raw) : readState(raw, now.peek());
    },
  });
  const { now, reader } = made;
  useReader(reader);
  const g = now.value;
  /** The edge, and the part of the pattern that holds it. */
  const select = (query, key) => {
    const edge = [query, key];
    const away = g.inView(edge) === null;
    const around = edge.map((token, axis) => token - Math.floor(g.span[axis] / 2));
    put({ selected: edge, ...(away && { corner: g.clampCorner(around) }) });
    const { weights, added } = g.row.value;
    voice.speak(
      `head ${g.headName(g.head.value)}, ${g.tell(query, key, weights[key], added?.[key])}`,
    );
  };
  const choose = (head) => {
    put({ chosen: [Math.floor(head / g.nHeads), head % g.nHeads] });
    const score = g.scored.value;
    const told = score ? `, ${score.label} ${number(score.heads[head])}` : "";
    voice.speak(`head ${g.headName(head)}${told}`);
  };
  const ask = (query) => {
    const key = s.selected.value?.[1] ?? 0;
    select(query, g.may(query, key) ? key : query);
  };
  const text = g.cross ? "one text reads another" : many(g.queries.length, "token");
  return (
    <Figure
      figure="Patterns"
      model={model}
      voice={voice}
      title={model.get("title")}
      claim={`${many(g.nLayers, "layer")} of ${many(g.nHeads, "head")}, ${text}. Choose a head to see it large, and an edge to see what it adds.`}
      snippet={() => snippet(s, g, hasOwnText)}
      linkState={() => ({ ...linkState(), ...(hasOwnText && { text: s.text.value }) })}
      reset={() => {
        reader?.forget();
        reset();
      }}
      values={() => valuesOf(now.value)}
      after={
        <Challenges
          {...{ model, s, voice }}
          measure={(condition) => measure(condition, { s, g: now.value })}
          name={(condition) => MEASURES[condition.measure].label}
          needs={{ text: (text) => `the text “${text}”` }}
          onStart={({ given, setting }) => {
            reader?.forget();
            put({ ...start, ...given, ...setting });
          }}
        />
      }
    >
      {hasOwnText && <Own {...{ s, reader }} first={pick(start, SENT)} />}
      <Controls {...{ s, g }} onQuery={ask} />
      <div class="al-patterns" data-picture key={g.number}>
        <div class="al-patterns-small" data-many={g.arranged.value.columns > 16 ? "" : undefined}>
          <HeadMap {...{ s, g }} onChoose={choose} />
          <Legend {...{ s, g }} />
        </div>
        <Large {...{ s, g }} onSelect={select} />
        <Edge {...{ s, g }} onSelect={select} onChoose={choose} />
      </div>
    </Figure>
  );
}
