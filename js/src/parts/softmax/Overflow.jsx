// Both formulas in single precision, on scores that the reader pushes up and down.
import { number, short } from "../../core/format.js";
import { naiveSoftmax32 } from "../../core/mathematics.js";

export const FARTHEST = 150;

export function Overflow({ s, labels }) {
  const { shift } = s;
  const scores = s.scores.value.map((score) => Math.fround(score + shift.value));
  const naive = naiveSoftmax32(scores);
  const top = Math.max(...scores);
  const stable = naiveSoftmax32(scores.map((score) => Math.fround(score - top)));
  const power = (value) => (value >= 1e5 ? value.toExponential(1) : number(value, 3));
  const shown = (value) => (value === Infinity ? "∞" : power(value));
  const broken = naive.weights.some(Number.isNaN);
  return (
    <div>
      <label class="al-field">
        <span>add to every score</span>
        <input
          type="range"
          min={-FARTHEST}
          max={FARTHEST}
          step={1}
          value={shift.value}
          aria-valuetext={short(shift.value)}
          onInput={(event) => (shift.value = Number(event.currentTarget.value))}
        />
        <strong>{short(shift.value)}</strong>
      </label>
      <div class="al-scroll">
        <table class="al-numbers">
          <caption>in float32, whose largest number is about 3.4e+38</caption>
          <thead>
            <tr>
              <th scope="col">key</th>
              <th scope="col">score</th>
              <th scope="col">e to the score</th>
              <th scope="col">naive weight</th>
              <th scope="col">score − largest</th>
              <th scope="col">e to that</th>
              <th scope="col">stable weight</th>
            </tr>
          </thead>
          <tbody>
            {labels.map((label, i) => (
              <tr>
                <th scope="row">{label}</th>
                <td>{number(scores[i])}</td>
                <td>{shown(naive.powers[i])}</td>
                <td class={Number.isNaN(naive.weights[i]) ? "al-broken" : ""}>
                  {number(naive.weights[i], 3)}
                </td>
                <td>{number(scores[i] - top)}</td>
                <td>{shown(stable.powers[i])}</td>
                <td>{number(stable.weights[i], 3)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="al-reading" role="status">
        {broken
          ? "The naive formula has broken: it divides infinity by infinity, or zero by zero."
          : "Both formulas still agree."}
      </p>
    </div>
  );
}
