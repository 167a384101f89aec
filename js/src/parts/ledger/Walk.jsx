// From one matrix of one head to the attention of the whole model, and what all of it weighs.
import { many, number, whole } from "../../core/format.js";
import { BYTES, cacheBytes } from "../../core/counting.js";
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

const isWide = (s) => s.d_value > 0 && s.d_value !== s.d_head;

/** The same where values are not as wide as keys. */
function wideWalk(s) {
  const one = s.d_model * (s.d_head + s.d_value);
  const block = (s.n_heads + s.n_kv_heads) * one;
  return [
    [
      "a head that asks, or one of keys and values",
      `${whole(s.d_model)} × ${whole(s.d_head + s.d_value)}`,
      one,
    ],
    ["one layer", `${whole(s.n_heads + s.n_kv_heads)} × ${whole(one)}`, block],
    ["all layers", `${whole(s.n_layers)} × ${whole(block)}`, s.n_layers * block],
  ];
}

/** The same where keys and values are made from latent numbers. */
function latentWalk(s) {
  const [d_value, asked] = [s.d_value || s.d_head, s.d_query_latent || s.d_model];
  const down = s.d_query_latent + s.d_latent + s.d_rotary;
  const made = s.d_head - s.d_rotary + d_value;
  const head = asked * s.d_head + s.d_model * d_value + s.d_latent * made;
  const block = s.d_model * down + s.n_heads * head;
  const times = (...pairs) => pairs.map((pair) => pair.map(whole).join(" × ")).join(" + ");
  return [
    ["down to what all heads share", times([s.d_model, down]), s.d_model * down],
    [
      "one head (w_q, w_o, w_k and w_v)",
      times([asked, s.d_head], [s.d_model, d_value], [s.d_latent, made]),
      head,
    ],
    ["one layer", times([1, s.d_model * down], [s.n_heads, head]), block],
    ["all layers", times([s.n_layers, block]), s.n_layers * block],
  ];
}

/** The matrices of attention, biases left out: `[what, how it is reckoned, number]`. */
export function walk(s) {
  if (s.d_latent) return latentWalk(s);
  if (isWide(s)) return wideWalk(s);
  const one = s.d_model * s.d_head;
  const block = 2 * (s.n_heads + s.n_kv_heads) * one;
  const head =
    s.n_kv_heads === s.n_heads
      ? [["one head", `4 × ${whole(one)}`, 4 * one]]
      : [
          ["one head that asks (w_q, w_o)", `2 × ${whole(one)}`, 2 * one],
          ["one key/value head (w_k, w_v)", `2 × ${whole(one)}`, 2 * one],
        ];
  const heads =
    head.length === 1
      ? `${whole(s.n_heads)} × ${whole(4 * one)}`
      : `${whole(s.n_heads)} × ${whole(2 * one)} + ${whole(s.n_kv_heads)} × ${whole(2 * one)}`;
  return [
    ["one matrix", `${whole(s.d_model)} × ${whole(s.d_head)}`, one],
    ...head,
    ["one layer", heads, block],
    ["all layers", `${whole(s.n_layers)} × ${whole(block)}`, s.n_layers * block],
  ];
}

export function Walk({ shape, counted }) {
  return (
    <table class="al-numbers al-walk-up" aria-label="from one matrix to all of attention">
      <caption>From one matrix to all of attention (without biases)</caption>
      <tbody>
        {walk(shape).map(([what, how, count]) => (
          <tr>
            <th scope="row">{what}</th>
            <td>{how}</td>
            <td>{whole(count)}</td>
          </tr>
        ))}
        <tr class="al-total">
          <th scope="row" colSpan={2}>
            attention{shape.biases && ", with biases"}
            {shape.sinks && " and sinks"}, of all parameters
          </th>
          <td>{percent(counted.parts.attention / counted.total)}</td>
        </tr>
      </tbody>
    </table>
  );
}

/** The numbers that are kept of a token, as they are reckoned. */
function kept(s) {
  const [layers, heads] = [many(s.n_layers, "layer"), many(s.n_kv_heads, "head")];
  if (s.d_latent) return `${layers} × (${whole(s.d_latent)} latent + ${whole(s.d_rotary)} rotated)`;
  if (!isWide(s)) return `2 × ${layers} × ${heads} × ${whole(s.d_head)}`;
  return `${layers} × ${heads} × (${whole(s.d_head)} + ${whole(s.d_value)})`;
}

/** Bytes of the parameters, and of the cache. */
export function Weight({ s, shape, counted, voice }) {
  const dtype = s.precision.value;
  const n = s.n_tokens.value;
  const windowed = shape.window ? shape.n_layers - shape.n_full : 0;
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
        Parameters as {dtype}: <strong>{size(counted.total * BYTES[dtype])}</strong>. Cache:{" "}
        {kept(shape)} × {many(BYTES[dtype], "byte")} ={" "}
        <strong>{many(cacheBytes(shape, dtype), "byte")}</strong> a token,{" "}
        {size(cacheBytes(shape, dtype, n))} for {many(n, "token")}
        {windowed > 0 &&
          `: ${many(windowed, "layer")} keep the last ${many(shape.window, "token")} at most`}
        .
      </p>
    </div>
  );
}
