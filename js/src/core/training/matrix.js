// Matrices as views of arrays of doubles, and their product, where training spends its time.

/** `rows` by `columns` numbers of `data`, from `start`: the next row `down` farther, the next column `across`. */
export class Matrix {
  constructor(data, rows, columns, start = 0, down = columns, across = 1) {
    this.data = data;
    this.rows = rows;
    this.columns = columns;
    this.start = start;
    this.down = down;
    this.across = across;
  }
  static zeros(rows, columns) {
    return new Matrix(new Float64Array(rows * columns), rows, columns);
  }
  get transposed() {
    return new Matrix(this.data, this.columns, this.rows, this.start, this.across, this.down);
  }
  at(i, j) {
    return this.start + i * this.down + j * this.across;
  }
  clear() {
    for (let i = 0; i < this.rows; i++)
      for (let j = 0; j < this.columns; j++) this.data[this.at(i, j)] = 0;
  }
  toRows() {
    const row = (_, i) => Array.from({ length: this.columns }, (_, j) => this.data[this.at(i, j)]);
    return Array.from({ length: this.rows }, row);
  }
}

// Half of a causal pattern is 0. What of a product is left out:
export const NOTHING = 0;
export const ABOVE_IN_RESULT = 1; // the result above its diagonal
export const ABOVE_IN_LEFT = 2; // `left` above its diagonal, where it is 0
export const BELOW_IN_LEFT = 3; // `left` below its diagonal, where it is 0

const [TALL, WIDE] = [4, 2]; // a tile of the result, whose sums stay in the processor's registers

/** Writes `left` times `right` into `result`, or adds it to what is there. */
export function multiply(result, left, right, { add = false, leftOut = NOTHING } = {}) {
  for (let i = 0; i < left.rows; i += TALL) {
    const end = Math.min(i + TALL, left.rows);
    const columns = leftOut === ABOVE_IN_RESULT ? Math.min(end, right.columns) : right.columns;
    const first = leftOut === BELOW_IN_LEFT ? i : 0;
    const last = leftOut === ABOVE_IN_LEFT ? Math.min(end, left.columns) : left.columns;
    const tiled = end - i === TALL ? columns - (columns % WIDE) : 0;
    for (let j = 0; j < tiled; j += WIDE) tile(result, left, right, i, j, first, last, add);
    for (let row = i; row < end; row++)
      for (let j = tiled; j < columns; j++) cell(result, left, right, row, j, first, last, add);
  }
}

function put(data, at, value, add) {
  data[at] = add ? data[at] + value : value;
}

function cell(result, left, right, i, j, first, last, add) {
  let sum = 0;
  for (let k = first; k < last; k++) sum += left.data[left.at(i, k)] * right.data[right.at(k, j)];
  put(result.data, result.at(i, j), sum, add);
}

/** Four rows by two columns of the result, from (i, j); the sums run over k from `first` to before `last`. */
function tile(result, left, right, i, j, first, last, add) {
  const { data: A, down, across } = left;
  const { data: B, down: under, across: beside } = right;
  let a = left.at(i, first);
  let b = right.at(first, j);
  let p = 0, q = 0, r = 0, s = 0, t = 0, u = 0, v = 0, w = 0; // prettier-ignore
  for (let k = first; k < last; k++, a += across, b += under) {
    const x = B[b], y = B[b + beside]; // prettier-ignore
    const c = A[a], d = A[a + down], e = A[a + 2 * down], f = A[a + 3 * down]; // prettier-ignore
    p += c * x;
    q += c * y;
    r += d * x;
    s += d * y; // prettier-ignore
    t += e * x;
    u += e * y;
    v += f * x;
    w += f * y; // prettier-ignore
  }
  write(result, i, j, p, q, add);
  write(result, i + 1, j, r, s, add);
  write(result, i + 2, j, t, u, add);
  write(result, i + 3, j, v, w, add);
}

function write(result, i, j, one, other, add) {
  const at = result.at(i, j);
  put(result.data, at, one, add);
  put(result.data, at + result.across, other, add);
}
