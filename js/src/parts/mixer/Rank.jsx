// One square value map as value down times value up: what a small rank costs.
import { number } from "../../core/format.js";
import { dot, matmul } from "../../core/mathematics.js";
import { Choice, named } from "../Choice.jsx";
import { signedFill } from "../MatrixEditor.jsx";

export const CUTS = { svd: "the best (singular vectors)", first: "the first axes only" };

const size = (matrix) => Math.sqrt(matrix.reduce((sum, row) => sum + dot(row, row), 0));
const minus = (a, b) => a.map((row, i) => row.map((value, j) => value - b[i][j]));
const columns = (vectors, d) =>
  Array.from({ length: d }, (_, i) => vectors.map((vector) => vector[i]));

/** Value down (d, rank) and value up (rank, d), made in one of the ways of `CUTS`. */
function factors(full, { left, right }, rank, cut) {
  const d = full.length;
  if (cut === "first")
    return {
      down: full.map((row) => row.slice(0, rank)),
      up: Array.from({ length: rank }, (_, k) => full.map((_, j) => Number(j === k))),
    };
  return { down: columns(left.slice(0, rank), d), up: right.slice(0, rank) };
}

/**
 * Both factors, their product, its error, and the least error any product of that rank has.
 * `svd` is what `singularVectors(full)` gives: one for all ranks.
 */
export function compress(full, svd, rank, cut) {
  const { down, up } = factors(full, svd, rank, cut);
  const product = rank ? matmul(down, up) : full.map((row) => row.map(() => 0));
  const rest = svd.values.slice(rank);
  return {
    down,
    up,
    product,
    error: size(minus(full, product)),
    bound: Math.sqrt(dot(rest, rest)),
  };
}

function Numbers({ caption, matrix, axes }) {
  return (
    <div class="al-scroll">
      <table class="al-rank-matrix">
        <caption>{caption}</caption>
        <thead>
          <tr>
            <td />
            {matrix[0].map((_, j) => (
              <th scope="col">{j + 1}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {matrix.map((row, i) => (
            <tr>
              <th scope="row">{axes?.[i] ?? i + 1}</th>
              {row.map((value) => (
                <td class="al-cell" style={{ background: signedFill(value) }}>
                  {number(value, 1)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const CHART = { width: 260, height: 120, left: 20, foot: 18 };

/** Error against rank: bars for the chosen cut, a line for the bound. */
function Errors({ ranks, rank }) {
  const most = Math.max(...ranks.map(({ error }) => error)) || 1;
  const step = (CHART.width - CHART.left) / ranks.length;
  const x = (r) => CHART.left + (r + 0.5) * step;
  const y = (value) => CHART.height - CHART.foot - (value / most) * (CHART.height - CHART.foot - 8);
  const list = ranks.map(
    ({ error, bound }, r) => `rank ${r}: ${number(error)}, bound ${number(bound)}`,
  );
  return (
    <svg
      class="al-errors"
      viewBox={`0 0 ${CHART.width} ${CHART.height}`}
      role="img"
      aria-label={`Error against rank. ${list.join("; ")}`}
    >
      {ranks.map(({ error, bound }, r) => (
        <g class={r === rank ? "al-strong" : ""}>
          <rect x={x(r) - step / 3} width={(step * 2) / 3} y={y(error)} height={y(0) - y(error)} />
          <line x1={x(r) - step / 2} x2={x(r) + step / 2} y1={y(bound)} y2={y(bound)} />
          <text x={x(r)} y={CHART.height - 4} text-anchor="middle">
            {r}
          </text>
        </g>
      ))}
      <line class="al-ground" x1={CHART.left} x2={CHART.width} y1={y(0)} y2={y(0)} />
    </svg>
  );
}

function Controls({ s, maps, d, error }) {
  const rank = s.rank.value;
  return (
    <div class="al-controls" data-not-in-picture>
      <Choice
        label="The full map"
        value={s.map.value}
        choices={named(Object.keys(maps))}
        onChange={(name) => (s.map.value = name)}
      />
      <Choice
        label="Kept"
        value={s.cut.value}
        choices={CUTS}
        onChange={(one) => (s.cut.value = one)}
      />
      <label class="al-field">
        <span>rank</span>
        <input
          type="range"
          min={0}
          max={d}
          step={1}
          value={rank}
          aria-valuetext={`${rank}, error ${number(error)}`}
          onInput={(event) => (s.rank.value = Number(event.currentTarget.value))}
        />
        <strong>{rank}</strong>
      </label>
    </div>
  );
}

/** `g.compressed` is the map at the chosen rank, `g.ranks` at every rank. */
export function Rank({ s, g, maps, axes }) {
  const [full, rank] = [g.full.value, s.rank.value];
  const { down, up, product, error, bound } = g.compressed.value;
  const d = full.length;
  return (
    <div>
      <Controls {...{ s, maps, d, error }} />
      <div class="al-row" data-picture>
        <Numbers caption={`the full map, ${d} by ${d}`} matrix={full} axes={axes} />
        <Numbers caption={`value down times value up, rank ${rank}`} matrix={product} axes={axes} />
        {rank > 0 && (
          <>
            <Numbers caption={`value down, ${d} by ${rank}`} matrix={down} axes={axes} />
            <Numbers caption={`value up, ${rank} by ${d}`} matrix={up} />
          </>
        )}
        <div class="al-errors-side">
          <p class="al-strip-title">error against rank</p>
          <Errors ranks={g.ranks.value} rank={rank} />
          <p class="al-hint">Bars: the error. Lines: the least that any map of that rank has.</p>
        </div>
      </div>
      <p class="al-reading">
        Error <strong>{number(error, 3)}</strong>; no map of rank {rank} has less than{" "}
        <strong>{number(bound, 3)}</strong>. Stored: {2 * d * rank} numbers in two factors, {d * d}{" "}
        in the full map.
      </p>
    </div>
  );
}
