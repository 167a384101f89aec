// A table of two rows of numbers, and how far the one is from the other.
import { number } from "../core/format.js";

/** `of` and `from` are `[name, numbers]`; `columns` names the numbers, where they have names. */
export function Difference({ caption, columns, of, from }) {
  const difference = of[1].map((value, n) => value - from[1][n]);
  return (
    <table class="al-numbers">
      <caption>{caption}</caption>
      {columns && (
        <thead>
          <tr>
            <td />
            {columns.map((name) => (
              <th scope="col">{name}</th>
            ))}
          </tr>
        </thead>
      )}
      <tbody>
        {[from, of, ["difference", difference]].map(([name, numbers]) => (
          <tr>
            <th scope="row">{name}</th>
            {numbers.map((value) => (
              <td>{number(value)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
