// The newest word's output as it was written here, below the same for the whole text at once.
import { number } from "../../core/format.js";
import { Difference } from "../Difference.jsx";

export const ROUNDING = 1e-9; // what the order of additions leaves

const isSame = (difference) => difference < ROUNDING;

/** Whether each word came out right when it was written. */
function Off({ words, differences }) {
  return (
    <ol class="al-offs" aria-label="how far each word is off">
      {differences.map((difference, place) => (
        <li class={isSame(difference) ? "" : "al-broken"}>
          <span>{words[place]}</span> {isSame(difference) ? "✓" : `off by ${number(difference)}`}
        </li>
      ))}
    </ol>
  );
}

export function Compare({ words, writing, whole, differences }) {
  const most = differences.at(-1);
  const newest = differences.length - 1;
  return (
    <div class="al-compared">
      <div class="al-scroll">
        <Difference
          caption={`what the layer makes of ${words[newest]}`}
          of={["as written here", writing.outputs[newest]]}
          from={["whole text at once", whole[newest]]}
        />
      </div>
      <p>
        Largest difference:{" "}
        <strong class={isSame(most) ? "al-good-number" : "al-broken"}>{number(most)}</strong>
        {isSame(most) ? ", equal to the last digit shown. " : ", not the same text any more. "}
      </p>
      <p class="al-hint">Each word, when it was written:</p>
      <Off {...{ words, differences }} />
    </div>
  );
}
