// The reader's own text, as the model reads it: in the page once it is here, in a notebook in the kernel.
import { batch, effect, signal, untracked } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { many } from "../../core/format.js";
import { MOST_CHARACTERS, modelFor } from "../../core/liveModel.js";
import { makeBringing } from "../Bring.jsx";

const WAITS = {
  page: "The model reads it once it is here.",
  kernel: "The kernel’s model reads it once you have asked it.",
  null: "There is no model here to read it.",
};
const ANEW = { selected: null, corner: [0, 0] }; // places of another text

const isText = (text) =>
  typeof text === "string" && text.trim() !== "" && text.length <= MOST_CHARACTERS;

/** `now` is the graph of the text on show; `readState(raw, graph)` what a link holds of it. */
export function makeReader({ model, s, put, voice, now, readState }) {
  const live = modelFor(model);
  const told = signal(null); // {text, isError}, beside the box: the figure's foot is far from it
  const tell = (text, isError = false) => {
    told.value = text && { text, isError };
    voice.speak(text);
  };
  const bringing = makeBringing({ live, voice: { ...voice, tell } });
  const asked = signal(null); // {text, state}: what is not on show yet
  const isBusy = signal(false);
  let count = 0;

  /** `found` is the text as traits; null of a notebook's kernel, which sets them itself. */
  function show(found, state) {
    batch(() => {
      put({ ...found, ...ANEW });
      const fits = ["layers", "heads"].includes(s.order.value) || now.value.scored.value;
      put(state ? readState(state, now.value) : { order: fits ? s.order.value : "layers" });
    });
  }
  async function read({ text, state }) {
    const number = ++count;
    isBusy.value = true;
    tell("");
    try {
      const found = await live.read(text);
      if (number === count && found) show(found, state);
    } catch (error) {
      if (number === count) tell(error.message, true);
    } finally {
      if (number === count) isBusy.value = false;
    }
  }
  const isHere = () => bringing.status.peek() === "here";
  function use(text) {
    asked.value = { text };
    if (isHere()) read(asked.peek());
    else tell(WAITS[bringing.where], live === null);
  }
  /** The state of a link to another text, which may have to wait. */
  function open(raw) {
    if (!isText(raw.text)) throw new Error("its text does not fit this figure");
    asked.value = { text: raw.text, state: raw };
    if (!isHere()) throw new Error(`its text is another one. ${WAITS[bringing.where]}`);
    read(asked.peek());
    return {};
  }
  /** What was asked for is no longer wanted. */
  function forget() {
    count++;
    batch(() => {
      asked.value = null;
      told.value = null;
      isBusy.value = false;
    });
  }
  /** Says what has come, not at the start. */
  function follow() {
    let before = s.text.peek();
    const stops = [
      effect(() => {
        const text = s.text.value;
        if (text === before) return;
        before = text;
        untracked(() => {
          asked.value = null;
          voice.speak(`${many(now.value.queries.length, "token")}, new line included`);
        });
      }),
      effect(() => {
        if (bringing.status.value === "here") untracked(() => asked.value && read(asked.value));
      }),
    ];
    return () => {
      stops.forEach((stop) => stop());
      live?.close();
    };
  }
  return { ...bringing, asked, isBusy, told, tell, use, open, show, forget, follow };
}

export const useReader = (reader) => useEffect(() => reader?.follow(), []);
