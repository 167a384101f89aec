// Python that writes the words of the figure, in its setting.
import { LATENT } from "../../core/cached.js";

const array = (name, numbers) => `${name} = np.array(${JSON.stringify(numbers)})`;

/** Latent attention: what is multiplied into the queries and into w_o beforehand. */
const ABSORBED = [
  "w_q = np.concatenate([w_qr, w_q @ u_k.swapaxes(1, 2)], axis=-1)",
  "w_k, w_v, w_o = np.hstack([w_kr, w_down])[None], w_down[None], u_v @ w_o",
  "block = al.MultiHead(w_q, w_k, w_v, w_o, rotary=al.Rotary(n_rotated=2), scale=0.5)",
];
const TILE = "w_q, w_o = w_q[[0, 2, 1, 3]], w_o[[0, 2, 1, 3]]  # tile, where it should be repeat";
const SHARED = "block = al.MultiHead(w_q, w_k, w_v, w_o, rotary=al.Rotary())";

function layerLines({ sharing, bug }, weights, { w_k, w_v }) {
  const { w_q, w_o, w_down, u_k, u_v, w_qr, w_kr } = weights;
  const latent = sharing === LATENT;
  const used = latent ? { w_q, w_o, w_down, u_k, u_v, w_qr, w_kr } : { w_q, w_k, w_v, w_o };
  const tiles = bug === "tile" && w_k.length === 2; // one and four key heads are the same tiled
  const arrays = Object.entries(used).map(([name, numbers]) => array(name, numbers));
  return [...arrays, ...(latent ? ABSORBED : [...(tiles ? [TILE] : []), SHARED])];
}

function writingLines({ cache, window, bug }, nWords) {
  const open = window < nWords;
  if (!cache) {
    const sees = open ? `mask=al.window_mask(n + 1, window=${window})` : "causal=True";
    return [
      "outputs = []",
      "for n in range(len(x)):",
      `    outputs.append(block(x[: n + 1], ${sees})[-1])`,
    ];
  }
  const at = bug === "offset" ? "np.array([0])  # a bug: it stands at n" : "np.array([n])";
  const drop = [
    `    if len(cache) == ${window}:  # the first leaves the window`,
    "        cache.keys, cache.values = cache.keys[:, 1:], cache.values[:, 1:]",
  ];
  return [
    "cache, outputs = al.Cache(), []",
    "for n in range(len(x)):",
    ...(open ? drop : []),
    `    at = ${at}`,
    "    outputs.append(block(x[n : n + 1], causal=True, positions=at, cache=cache)[0])",
  ];
}

/** `block` is the one that writes; it holds the shared keys and values. */
export function snippet(state, weights, block) {
  return [
    ...["import numpy as np", "import attnlib as al", ""],
    array("x", weights.x.slice(0, state.step)),
    ...[...layerLines(state, weights, block), ""],
    ...writingLines(state, weights.x.length),
    "print(np.round(outputs, 2))",
  ].join("\n");
}
