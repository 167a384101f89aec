// The sizes of the model, as the reader sets them. What is left empty follows from the others.
import { useState } from "preact/hooks";
import { Choice } from "../Choice.jsx";
import { Switch } from "../Switch.jsx";

const LABELS = {
  n_layers: "layers",
  n_heads: "heads a layer",
  n_kv_heads: "key/value heads",
  d_model: "d_model",
  d_head: "d_head",
  d_ff: "d_ff",
  n_vocab: "vocabulary",
  n_positions: "learned positions",
};
const FOLLOWS = ["n_kv_heads", "d_head", "d_ff"];
const SWITCHES = {
  gated: "gated feed-forward",
  tied: "one table for embedding and unembedding",
  biases: "biases",
};
const NORMS = { none: "none", rms: "a scale (RMS)", layer: "a scale and a shift" };
const STEPS = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
const SEARCHED = 1000; // how far beyond a step a size that fits is looked for

const WHOLE = /^[+-]?(\d{1,15}|\d{1,3}([\s,_]\d{3}){1,4})$/;

/** A whole number as people type it: 12,288 and 12 288 are fine; null is an empty field. */
function read(text) {
  const typed = text.trim();
  if (typed === "") return null;
  return WHOLE.test(typed) ? Number(typed.replace(/[\s,_]/g, "")) : NaN;
}

/** The first size that fits, `step` or more from `from`; the step itself where none does. */
function stepped(from, step, fits) {
  const sizes = Array.from({ length: SEARCHED }, (_, n) => from + step + n * Math.sign(step));
  return sizes.find(fits) ?? from + step;
}

function Size({ name, asked, complete, fits, onSet, voice }) {
  const [typed, setTyped] = useState(null);
  const shown = typed ?? (asked === null ? "" : String(asked));
  const follows = FOLLOWS.includes(name);
  const settle = () => {
    if (typed === null) return;
    setTyped(null);
    const value = read(typed);
    if (Number.isNaN(value) || (value === null && !follows))
      return voice.tell(
        `“${typed.slice(0, 24)}” is no whole number for ${LABELS[name]}. Write one such as 96.`,
        true,
      );
    if (value !== asked) onSet(value);
  };
  const onKeyDown = (event) => {
    if (event.key === "Escape") {
      if (typed !== null) event.preventDefault();
      return setTyped(null);
    }
    if (event.key === "Enter") return settle();
    if (!STEPS[event.key]) return;
    event.preventDefault();
    setTyped(null);
    const from = typed === null ? null : read(typed);
    onSet(stepped(Number.isInteger(from) ? from : complete, STEPS[event.key], fits));
  };
  return (
    <label class="al-size">
      <span>{LABELS[name]}</span>
      <input
        type="text"
        inputMode="numeric"
        autocomplete="off"
        value={shown}
        placeholder={complete}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        onBlur={settle}
      />
    </label>
  );
}

/** `asked` is the shape with nulls where something follows, `complete` the one without. */
export function Sizes({ asked, complete, fits, set, voice }) {
  return (
    <div data-not-in-picture>
      <div class="al-sizes">
        {Object.keys(LABELS).map((name) => (
          <Size
            key={name}
            name={name}
            asked={asked[name]}
            complete={complete[name]}
            fits={(value) => fits({ [name]: value })}
            onSet={(value) => set({ [name]: value })}
            voice={voice}
          />
        ))}
        <Choice
          label="normalisation holds"
          value={asked.norm}
          choices={NORMS}
          onChange={(norm) => set({ norm })}
        />
        {Object.entries(SWITCHES).map(([name, label]) => (
          <Switch label={label} on={Boolean(asked[name])} onChange={(on) => set({ [name]: on })} />
        ))}
      </div>
      <p class="al-hint">
        Left empty, key/value heads are as many as heads, d_head is d_model / heads, and d_ff is 4 ·
        d_model.
      </p>
    </div>
  );
}
