// What can be taken away before a run: each is a switch, and every run has its control.
import { useState } from "preact/hooks";
import { Choice } from "../Choice.jsx";
import { Switch } from "../Switch.jsx";

const RATES = { 0.01: "0.01", 0.03: "0.03, three times as large", 0.1: "0.1, ten times as large" };
export const LARGEST_SEED = 999999;

const SWITCHES = {
  positions: "positions",
  previous: "may look at the word before",
  mask: "causal mask",
  root: "divided by √d_head",
};

function Seed({ value, onChange, voice }) {
  const [text, setText] = useState(null);
  const use = () => {
    setText(null);
    if (text === null) return;
    const seed = /^\d+$/.test(text.trim()) ? Number(text) : NaN; // 1e3 and 0x10 are numbers, too
    if (seed === value) return;
    if (seed <= LARGEST_SEED) return onChange(seed);
    voice.tell(
      `The seed is a whole number from 0 to ${LARGEST_SEED}, not “${text.slice(0, 24)}”. It stays ${value}.`,
      true,
    );
  };
  return (
    <label class="al-field">
      <span>Seed</span>
      <input
        type="text"
        inputMode="numeric"
        class="al-seed"
        value={text ?? value}
        onInput={(event) => setText(event.currentTarget.value)}
        onBlur={use}
        onKeyDown={(event) => event.key === "Enter" && use()}
      />
    </label>
  );
}

/** `onChange({trait: value})` begins a new run. */
export function Experiments({ s, voice, onChange }) {
  return (
    <fieldset class="al-experiments" data-not-in-picture>
      <legend class="al-strip-title">The experiment</legend>
      <Choice
        label="Layers"
        value={String(s.n_layers.value)}
        choices={{ 1: "one", 2: "two" }}
        onChange={(value) => onChange({ n_layers: Number(value) })}
      />
      {Object.entries(SWITCHES).map(([name, label]) => (
        <Switch label={label} on={s[name].value} onChange={(on) => onChange({ [name]: on })} />
      ))}
      <Switch
        label="unsettled words count little"
        on={s.unsettled.value < 1}
        onChange={(on) => onChange({ unsettled: on ? 0.1 : 1 })}
      />
      <Choice
        label="Size of a step"
        value={String(s.rate.value)}
        choices={s.rate.value in RATES ? RATES : { [s.rate.value]: String(s.rate.value), ...RATES }}
        onChange={(value) => onChange({ rate: Number(value) })}
      />
      <Seed value={s.seed.value} voice={voice} onChange={(seed) => onChange({ seed })} />
    </fieldset>
  );
}
