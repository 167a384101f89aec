// What is taken away from a run: edges of the attention pattern, heads, the tokens too far back.

function checkIndex(value, count, what) {
  if (!Number.isInteger(value) || value < 0 || value >= count)
    throw new RangeError(`${what} is ${value}, but 0 to ${count - 1} are there.`);
}

/** Those that are in one of two sets alone. */
const difference = (one, other) => [
  ...[...one].filter((value) => !other.has(value)),
  ...[...other].filter((value) => !one.has(value)),
];

export class Interventions {
  /** `cut` is a list of `[layer, query, key]`, `silent` of `[layer, head]`; `last` is null or at least 1. */
  constructor({ cut = [], silent = [], last = null }, nTokens, { nLayers, nHeads }) {
    if (last !== null && !(Number.isInteger(last) && last >= 1))
      throw new RangeError(`last is ${last}, but null or a whole number from 1 is expected.`);
    for (const [layer, query, key] of cut) {
      checkIndex(layer, nLayers, "The layer of a cut");
      checkIndex(query, nTokens, "The query of a cut");
      checkIndex(key, nTokens, "The key of a cut");
    }
    for (const [layer, head] of silent) {
      checkIndex(layer, nLayers, "The layer of a silent head");
      checkIndex(head, nHeads, "A silent head");
    }
    this.last = last;
    this.cut = new Set(cut.map(String));
    this.silent = new Set(silent.map(String));
    this.keys = new Map();
    for (const [layer, query, key] of cut)
      this.keys.set(`${layer},${query}`, [...this.keysCut(layer, query), key]);
  }
  keysCut(layer, query) {
    return this.keys.get(`${layer},${query}`) ?? [];
  }
  isSilent(layer, head) {
    return this.silent.has(`${layer},${head}`);
  }
  /** The first key that `query` may look at. */
  firstKey(query) {
    return this.last === null ? 0 : Math.max(0, query - this.last + 1);
  }
  /** The first position whose states may differ from those under `other`. */
  firstChange(other) {
    if (this.last !== other.last || difference(this.silent, other.silent).length) return 0;
    const queries = difference(this.cut, other.cut).map((edge) => Number(edge.split(",")[1]));
    return Math.min(...queries); // of none, Infinity
  }
}
