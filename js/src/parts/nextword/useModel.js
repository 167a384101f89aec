// What is known of texts and of runs: recorded, or asked of the model once it is here.
import { computed, effect, signal, untracked } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { START, checkLength, modelFor } from "../../core/liveModel.js";
import { openRecordings } from "../../core/recorded.js";
import { makeBringing } from "../Bring.jsx";

/** The edges from the last of `n` tokens to the hidden ones. */
function edges({ cut, layers: [first, last] }, n) {
  const layers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  return layers.flatMap((layer) => cut.map((key) => [layer, n - 1, key]));
}

const keyOf = (text, taken) => JSON.stringify([text, taken]);

/** What comes of a run depends on the layers only where a token is hidden. */
const untouched = (layers) => ({ cut: [], silent: [], last: 0, layers });

/**
 * `text` and `taken`, {cut, layers, silent, last}, are signals. Gives `tokens`, `before` and `now`, null while
 * they are not known, and how the model is.
 */
export function makeModel({ model, text, taken, voice }) {
  const recorded = openRecordings(model.get("recordings"));
  const live = modelFor(model);
  const bringing = makeBringing({ live, voice });
  const wrong = signal(null); // why the text on show cannot be run
  const texts = signal(new Map());
  const runs = signal(new Map());
  const isBusy = signal(false);

  const tokens = computed(() => recorded.textOf(text.value) ?? texts.value.get(text.value) ?? null);
  const fitting = computed(() => {
    const n = tokens.value?.ids.length ?? 0;
    const { cut, last, ...others } = taken.value;
    return { ...others, cut: cut.filter((at) => at < n - 1), last: last < n ? last : 0 };
  });
  const find = (asked) =>
    recorded.runOf(text.value, asked) ?? runs.value.get(keyOf(text.value, asked)) ?? null;
  const plain = computed(() => untouched(taken.value.layers));
  const before = computed(() => find(plain.value));
  const now = computed(() => find(fitting.value));
  const isTaken = computed(
    () =>
      keyOf("", fitting.value) !==
      keyOf("", { ...fitting.value, ...untouched([0, 29]), layers: fitting.value.layers }),
  );

  const learn = (of, key, value) => (of.value = new Map(of.peek()).set(key, value));
  const failed = (error) => {
    wrong.value = error.message;
    voice.tell(error.message, true);
  };
  async function encode(wanted) {
    const found = await live.encode(START + wanted);
    checkLength(found.ids);
    learn(texts, wanted, { ids: found.ids, pieces: found.pieces });
  }
  async function run(wanted, ids, asked) {
    const { silent, last } = asked;
    const cut = edges(asked, ids.length);
    const { top } = await live.run({ ids, cut, silent, last: last || null });
    learn(runs, keyOf(wanted, asked), top);
  }
  /** The next thing that the state on show lacks, as a promise; null if there is nothing. */
  function next() {
    const wanted = text.value;
    if (!tokens.value) return encode(wanted);
    const { ids } = tokens.value;
    for (const asked of [plain.value, fitting.value])
      if (!find(asked)) return run(wanted, ids, asked);
    return null;
  }
  async function pump() {
    if (isBusy.peek() || wrong.peek()) return;
    const wanted = text.peek();
    const lacking = next();
    if (!lacking) return;
    isBusy.value = true;
    try {
      await lacking;
    } catch (error) {
      if (wanted === text.peek()) failed(error);
    } finally {
      isBusy.value = false;
    }
  }

  return {
    ...{ tokens, before, now, isTaken, fitting, isBusy, wrong, ...bringing },
    isRecorded: (wanted) => recorded.textOf(wanted) !== null,
    follow: () => {
      const stops = [
        effect(() => {
          [text.value, bringing.status.value]; // another text, or the model anew, may do better
          wrong.value = null;
        }),
        effect(() => {
          // Whatever `next` would look at.
          [text.value, taken.value, isBusy.value, wrong.value, texts.value, runs.value];
          if (bringing.status.value === "here") untracked(pump);
        }),
      ];
      return () => {
        stops.forEach((stop) => stop());
        live?.close();
      };
    },
  };
}

export const useModel = (known) => useEffect(known.follow, []);
