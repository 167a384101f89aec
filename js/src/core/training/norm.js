// RMS norm without a gain, row by row, there and back.
import { Matrix } from "./matrix.js";

const EPSILON = 1e-5;

export class Norm {
  constructor(rows, columns) {
    this.states = Matrix.zeros(rows, columns);
    this.normed = Matrix.zeros(rows, columns);
    this.factors = new Float64Array(rows);
  }

  /** Fills `normed` from `states`, and remembers both. */
  forward(states) {
    const { data, columns } = this.states;
    data.set(states.data);
    for (let row = 0; row < this.factors.length; row++) {
      const [start, end] = [row * columns, (row + 1) * columns];
      let squares = 0;
      for (let at = start; at < end; at++) squares += data[at] * data[at];
      const factor = 1 / Math.sqrt(squares / columns + EPSILON);
      this.factors[row] = factor;
      for (let at = start; at < end; at++) this.normed.data[at] = data[at] * factor;
    }
  }

  /** Adds to `dStates` what the gradient `dNormed` of `normed` makes of it. */
  backward({ data: dNormed }, { data: dStates }) {
    const { data, columns } = this.states;
    this.factors.forEach((factor, row) => {
      const [start, end] = [row * columns, (row + 1) * columns];
      let along = 0;
      for (let at = start; at < end; at++) along += dNormed[at] * data[at];
      along *= (factor * factor) / columns;
      for (let at = start; at < end; at++) dStates[at] += factor * (dNormed[at] - data[at] * along);
    });
  }
}
