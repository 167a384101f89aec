// The same matrix of scores, softmaxed along one axis or the other: which sums become 1?
import { number } from "../../core/format.js";
import { softmax } from "../../core/mathematics.js";
import { MatrixEditor } from "../MatrixEditor.jsx";
import { weightFill } from "../PatternGrid.jsx";

export const AXES = {
  rows: "along each row",
  columns: "down each column",
  all: "over all numbers",
};

/** Weights of `grid` by softmax along one axis, or over all its numbers at once. */
export function alongAxis(grid, axis) {
  if (axis === "rows") return grid.map(softmax);
  if (axis === "columns") {
    const columns = grid[0].map((_, j) => softmax(grid.map((row) => row[j])));
    return grid.map((row, i) => row.map((_, j) => columns[j][i]));
  }
  const flat = softmax(grid.flat());
  return grid.map((row, i) => row.map((_, j) => flat[i * row.length + j]));
}

export function Axis({ s, voice }) {
  const { grid, axis } = s;
  const weights = alongAxis(grid.value, axis.value);
  const sum = (row) => row.reduce((a, b) => a + b, 0);
  const columns = weights[0].map((_, j) => sum(weights.map((row) => row[j])));
  const names = grid.value.map((_, i) => `query ${i + 1}`);
  return (
    <div class="al-row">
      <MatrixEditor
        name="scores"
        kind="score"
        matrix={grid}
        rowLabels={names}
        voice={voice}
        onChange={(next) => (grid.value = next)}
      />
      <div class="al-matrix">
        <table aria-label="weights">
          <caption>weights: softmax {AXES[axis.value]}</caption>
          <thead>
            <tr>
              <td class="al-corner" />
              {columns.map((_, j) => (
                <th scope="col">key {j + 1}</th>
              ))}
              <th scope="col">sum</th>
            </tr>
          </thead>
          <tbody>
            {weights.map((row, i) => (
              <tr>
                <th scope="row">{names[i]}</th>
                {row.map((w) => (
                  <td class="al-cell" style={{ background: weightFill(w) }}>
                    {number(w)}
                  </td>
                ))}
                <td class="al-sum">{number(sum(row))}</td>
              </tr>
            ))}
            <tr>
              <th scope="row">sum</th>
              {columns.map((total) => (
                <td class="al-sum">{number(total)}</td>
              ))}
              <td class="al-sum">{number(sum(columns))}</td>
            </tr>
          </tbody>
        </table>
        <label class="al-field al-under">
          <span>softmax</span>
          <select value={axis.value} onChange={(event) => (axis.value = event.currentTarget.value)}>
            {Object.entries(AXES).map(([name, text]) => (
              <option value={name}>{text}</option>
            ))}
          </select>
        </label>
      </div>
    </div>
  );
}
