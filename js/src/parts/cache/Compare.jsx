// The newest word's output as it was written here, over the same for the whole text at once.
import { number } from "../../core/format.js";

export const ROUNDING = 1e-9; // what the order of additions leaves

const isSame = (difference) => difference < ROUNDING;

function Outputs({ word, here, whole }) {
  const row = (label, numbers) => (
    <tr>
      <th scope="row">{label}</th>
      {numbers.map((value) => (
        <td>{number(value)}</td>
      ))}
    </tr>
  );
  return (
    <table class="al-numbers">
      <caption>what the layer makes of {word}</caption>
      <tbody>
        {row("as written here", here)}
        {row("whole text at once", whole)}
        {row(
          "difference",
          here.map((value, a) => value - whole[a]),
        )}
      </tbody>
    </table>
  );
}

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
        <Outputs word={words[newest]} here={writing.outputs[newest]} whole={whole[newest]} />
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
