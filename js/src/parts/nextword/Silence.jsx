// Heads that add nothing: chosen by layer and number, and given back by pressing them.
import { useState } from "preact/hooks";
import { Choice } from "../Choice.jsx";

const N_LAYERS = 30;
const N_HEADS = 9;
const numbers = (n) => Object.fromEntries(Array.from({ length: n }, (_, i) => [i, String(i)]));

export const nameOf = ([layer, head]) => `${layer}.${head}`;

/** `onChange(heads)`, sorted, each once. */
export function Silence({ silent, onChange }) {
  const [layer, setLayer] = useState("20");
  const [head, setHead] = useState("0");
  const chosen = [Number(layer), Number(head)];
  const isSilent = silent.some((one) => nameOf(one) === nameOf(chosen));
  const add = () => onChange([...silent, chosen].sort((a, b) => a[0] - b[0] || a[1] - b[1]));
  const without = (one) => onChange(silent.filter((other) => nameOf(other) !== nameOf(one)));
  return (
    <div class="al-silence" role="group" aria-label="Silent heads">
      <Choice label="Head of layer" value={layer} choices={numbers(N_LAYERS)} onChange={setLayer} />
      <Choice label="number" value={head} choices={numbers(N_HEADS)} onChange={setHead} />
      <button type="button" disabled={isSilent} onClick={add}>
        Silence it
      </button>
      {silent.map((one) => (
        <button
          type="button"
          key={nameOf(one)}
          aria-label={`Head ${nameOf(one)} is silent: let it speak`}
          onClick={() => without(one)}
        >
          {nameOf(one)} ×
        </button>
      ))}
    </div>
  );
}
