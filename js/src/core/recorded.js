// Recorded runs of a text: what came next with nothing taken away, and with one thing. Written by
// tools/record_next_word.py; attnlib/figures/next_word.py reads them alike.

export const LAST = [1, 2, 4, 8, 16];
export const WHOLE = [0, 29]; // layers
export const RANGES = [WHOLE, ...[0, 5, 10, 15, 20, 25].map((first) => [first, first + 4])];
const KEPT = 10; // of a run

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;

const indexOfRange = ([first, last]) => RANGES.findIndex(([a, b]) => a === first && b === last);

/** Which run of a text of `n` tokens has this taken away; null if none was recorded. */
function placeOf(n, { cut, layers, silent, last }) {
  if (silent.length || (cut.length && last) || cut.length > 1) return null;
  if (last && last < n) return LAST.includes(last) ? 1 + LAST.indexOf(last) : null;
  if (!cut.length) return 0;
  const range = indexOfRange(layers);
  return range < 0 ? null : 1 + LAST.length + cut[0] * RANGES.length + range;
}

const isUntouched = ({ cut, silent, last }) => !cut.length && !silent.length && !last;

/** Makes what a kernel or a page holds of a text able to answer. */
function open(recording) {
  const order = new Uint16Array(bytes(recording.order));
  const shares = new Float32Array(bytes(recording.probabilities));
  const n = recording.ids.length;
  const firstGrown = 1 + LAST.length + (n - 1) * RANGES.length;
  const idsAt = (place) => [...order.subarray(place * KEPT, (place + 1) * KEPT)];
  /** The likeliest tokens of a run, and those of the untouched text, the likeliest first. */
  const run = (place) => {
    const row = shares.subarray(2 * KEPT * place, 2 * KEPT * (place + 1));
    const found = new Map([...idsAt(0), ...idsAt(place)].map((id) => [id, 0]));
    idsAt(0).forEach((id, i) => found.set(id, row[KEPT + i]));
    idsAt(place).forEach((id, i) => found.set(id, row[i]));
    return [...found]
      .map(([id, p]) => ({ id, piece: recording.vocabulary[id], p }))
      .sort((a, b) => b.p - a.p);
  };
  return { ...recording, n, run, firstGrown };
}

/**
 * `textOf(text)` gives `{ids, pieces}` of a recorded text, or of one that grew out of it by pressing what is
 * likely; `runOf(text, taken)` its likeliest tokens. Both give null for what was not recorded.
 */
export function openRecordings(recordings) {
  const texts = new Map();
  for (const recording of Object.values(recordings)) {
    const one = open(recording);
    texts.set(one.text, { one, ids: one.ids, pieces: one.pieces, grown: null });
    one.grown.forEach((appended, place) => {
      const more = appended.split(" ").map(Number);
      const pieces = more.map((id) => one.vocabulary[id]);
      const text = one.text + pieces.join("");
      const known = { one, ids: [...one.ids, ...more], pieces: [...one.pieces, ...pieces] };
      if (!texts.has(text)) texts.set(text, { ...known, grown: one.firstGrown + place });
    });
  }
  return {
    textOf: (text) => texts.get(text) ?? null,
    runOf: (text, taken) => {
      const found = texts.get(text);
      if (!found) return null;
      const { one, grown } = found;
      if (grown !== null) return isUntouched(taken) ? one.run(grown) : null;
      const place = placeOf(one.n, taken);
      return place === null ? null : one.run(place);
    },
  };
}
