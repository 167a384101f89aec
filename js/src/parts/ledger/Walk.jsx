// From one matrix of one head to the attention of the whole model, and what all of it weighs.
import { list, many, number, whole } from "../../core/format.js";
import { BYTES, cacheBytes, kindsOf, stateNumbers } from "../../core/counting/shape.js";
import { Choice } from "../Choice.jsx";
import { percent } from "./Table.jsx";

const UNITS = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];

/** Bytes in the largest unit that leaves a number of at least 1: 350.4 GB. */
export function size(bytes) {
  let n = 0;
  while (bytes >= 999.95 && n < UNITS.length - 1) {
    bytes /= 1000;
    n += 1;
  }
  return `${n ? number(bytes, 1) : bytes} ${UNITS[n]}`;
}

const NAMED = /^(full |index |linear |)(w_.*)$/;
const SHARED = /(_latent|_rotary|_thin|^index w_k)$/; // one for all heads of a layer
const TITLES = {
  "full ": "Layers that read the whole text",
  "index ": "The index",
  "linear ": "Linear layers",
};
const ALL_OF_A_HEAD = "w_q, w_k, w_v, w_o";
const times = (...factors) => factors.map(whole).join(" × ");

function titleOf(kind, s) {
  if (kind) return TITLES[kind];
  if (s.n_linear) return "Layers with softmax";
  return s.n_full && s.window ? "Layers with a window" : "Every layer";
}

/** Where some layers use the keys and values of others, those that make them are a group beside all. */
function groupOf({ kind, heads }, s) {
  const isAll = heads.some(({ matrices }) => matrices.some(({ letter }) => letter === "w_q"));
  if (!s.n_kv_shared || isAll) return titleOf(kind, s);
  return `${titleOf(kind, s)}, those of them that make keys and values`;
}

/** The matrices of attention by the kind of their layers, and within it by how many a layer has. */
function byKind({ entries }) {
  const kinds = new Map();
  for (const entry of entries) {
    const [, kind, letter] = (entry.part === "attention" && entry.name.match(NAMED)) || [];
    if (!letter) continue;
    const key = `${kind}${entry.layers}`;
    const found = kinds.get(key) ?? { kind, layers: entry.layers, heads: new Map() };
    const shared = SHARED.test(entry.name);
    const one = `${shared} ${entry.inLayer}`;
    const head = found.heads.get(one) ?? { shared, inLayer: entry.inLayer, matrices: [] };
    head.matrices.push({ ...entry, letter });
    kinds.set(key, { ...found, heads: found.heads.set(one, head) });
  }
  return [...kinds.values()].map((one) => ({ ...one, heads: [...one.heads.values()] }));
}

function headOf(kind, { shared, matrices }) {
  const letters = matrices.map(({ letter }) => letter);
  const [q, k, v] = ["w_q", "w_k", "w_v"].map((letter) => letters.includes(letter));
  const named = () => {
    if (kind === "index ") return shared ? "one key for all its heads" : "one of its heads";
    if (shared) return "down to what all heads share";
    if (kind === "linear ")
      return q && v ? "one head" : `one head of ${q ? "queries and keys" : "values"}`;
    return q && k ? "one head" : q ? "one head that asks" : "one key/value head";
  };
  const told = letters.join(", ");
  return told === ALL_OF_A_HEAD ? named() : `${named()} (${told})`;
}

/** The sizes of a head's matrices, those alike together. */
function sizesOf(matrices) {
  const sizes = [...new Set(matrices.map(({ each }) => each))];
  return sizes
    .map((each) => {
      const alike = matrices.filter((one) => one.each === each);
      return times(...(alike.length > 1 ? [alike.length] : []), ...alike[0].size);
    })
    .join(" + ");
}

/** From a matrix to a layer of one kind: its rows, and the numbers of such a layer. */
function climb({ kind, heads }) {
  const [{ each, size }, ...others] = heads.flatMap(({ matrices }) => matrices);
  const alike = others.every((one) => one.each === each);
  const rows = heads.map(({ shared, matrices }) => {
    const how = alike ? times(matrices.length, each) : sizesOf(matrices);
    const number = matrices.reduce((sum, one) => sum + one.each, 0);
    return [headOf(kind, { shared, matrices }), how, number];
  });
  const terms = heads.map(({ inLayer }, n) => [inLayer, rows[n][2]]);
  const layer = terms.reduce((sum, [n, number]) => sum + n * number, 0);
  const how = terms.map((pair) => times(...pair)).join(" + ");
  return {
    layer,
    rows: [
      ...(alike ? [["one matrix", times(...size), each]] : []),
      ...rows,
      [kind === "index " ? "one index" : "one layer", how, layer],
    ],
  };
}

/**
 * The matrices of attention, what else it has left out: by kind of layers a `title` ("" where there is
 * one) and `rows`, `[what, how it is reckoned, number]`; the last row is all of them.
 */
export function walk(s, counted) {
  const kinds = byKind(counted).map((one) => ({ ...one, ...climb(one) }));
  const total = kinds.reduce((sum, { layers, layer }) => sum + layers * layer, 0);
  const how = kinds.map(({ layers, layer }) => times(layers, layer)).join(" + ");
  return [
    ...kinds.map(({ kind, heads, rows }) => ({
      title: kinds.length > 1 ? groupOf({ kind, heads }, s) : "",
      rows,
    })),
    { title: "", rows: [["all layers", how, total]] },
  ];
}

/** What attention has besides matrices. */
function besides(s) {
  const told = { biases: s.biases, sinks: s.sinks, taps: s.n_taps, decays: s.n_linear };
  const some = Object.keys(told).filter((name) => told[name]);
  return some.length ? `, with ${list(some)}` : "";
}

export function Walk({ shape, counted }) {
  return (
    <table class="al-numbers al-walk-up" aria-label="from one matrix to all of attention">
      <caption>
        From one matrix to all of attention ({shape.n_linear ? "matrices alone" : "without biases"})
      </caption>
      {walk(shape, counted).map(({ title, rows }) => (
        <tbody>
          {title && (
            <tr>
              <th scope="rowgroup" colSpan={3}>
                {title}
              </th>
            </tr>
          )}
          {rows.map(([what, how, count]) => (
            <tr>
              <th scope="row">{what}</th>
              <td>{how}</td>
              <td>{whole(count)}</td>
            </tr>
          ))}
        </tbody>
      ))}
      <tbody>
        <tr class="al-total">
          <th scope="row" colSpan={2}>
            attention{besides(shape)}, of all parameters
          </th>
          <td>{percent(counted.parts.attention / counted.total)}</td>
        </tr>
      </tbody>
    </table>
  );
}

/** The numbers that a kind of layers keeps of a token, as they are reckoned. */
function keptOf(s, { keeping, n_kv_heads, d_head, d_value }) {
  const [some, heads] = [many(keeping, "layer"), many(n_kv_heads, "head")];
  if (s.d_latent) return `${some} × (${whole(s.d_latent)} latent + ${whole(s.d_rotary)} rotated)`;
  if (d_value === d_head) return `2 × ${some} × ${heads} × ${whole(d_head)}`;
  return `${some} × ${heads} × (${whole(d_head)} + ${whole(d_value)})`;
}

/** The numbers that are kept of a token; "" for none. */
function kept(s) {
  const terms = kindsOf(s).map((kind) => keptOf(s, kind));
  if (s.n_indexed) terms.push(`${many(s.n_indexed, "layer")} × ${whole(s.d_index)} of the index`);
  return terms.length > 1 ? `(${terms.join(" + ")})` : terms.join("");
}

/** What is kept of a text, in a sentence. */
function Cache({ shape, dtype, n }) {
  const windowed = kindsOf(shape).reduce((sum, kind) => sum + kind.windowed, 0);
  if (!kept(shape)) return "Cache: none.";
  return (
    <>
      Cache: {kept(shape)} × {many(BYTES[dtype], "byte")} ={" "}
      <strong>{many(cacheBytes(shape, dtype), "byte")}</strong> a token,{" "}
      {size(cacheBytes(shape, dtype, n))} for {many(n, "token")}
      {windowed > 0 &&
        `: ${many(windowed, "layer")} ${windowed === 1 ? "keeps" : "keep"} the last ${many(shape.window, "token")} at most`}
      {shape.n_kv_shared > 0 &&
        `; the last ${many(shape.n_kv_shared, "layer")} keep nothing, and use what others keep`}
      .
    </>
  );
}

/** What linear layers keep, in a sentence; models keep it as float32, whatever the rest is stored as. */
function State({ shape }) {
  const numbers = stateNumbers(shape);
  return (
    <>
      {" "}
      {many(shape.n_linear, "linear layer")} {shape.n_linear === 1 ? "keeps" : "keep"}{" "}
      <strong>{many(numbers, "number")}</strong>, however long the text is:{" "}
      {size(BYTES.float32 * numbers)} as float32, in which models keep their states (the line
      mamba_ssm_dtype).
    </>
  );
}

/** Bytes of the parameters, and of the cache. */
export function Weight({ s, shape, counted, voice }) {
  const dtype = s.precision.value;
  const n = s.n_tokens.value;
  return (
    <div class="al-bytes">
      <div class="al-controls" data-not-in-picture>
        <Choice
          label="Every number as"
          value={dtype}
          choices={Object.fromEntries(
            Object.entries(BYTES).map(([d, n]) => [d, `${d}, ${many(n, "byte")}`]),
          )}
          onChange={(value) => {
            s.precision.value = value;
            voice.speak(`${size(counted.total * BYTES[value])} of parameters`);
          }}
        />
        <Choice
          label="Length of the text"
          value={String(s.n_tokens.value)}
          choices={Object.fromEntries(
            [...new Set([1, 2048, 8192, 131_072, 1_000_000, s.n_tokens.value])]
              .sort((a, b) => a - b)
              .map((n) => [n, many(n, "token")]),
          )}
          onChange={(value) => (s.n_tokens.value = Number(value))}
        />
      </div>
      <p>
        Parameters as {dtype}: <strong>{size(counted.total * BYTES[dtype])}</strong>.{" "}
        <Cache {...{ shape, dtype, n }} />
        {shape.n_linear > 0 && <State shape={shape} />}
      </p>
    </div>
  );
}
