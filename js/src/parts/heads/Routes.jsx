// The two routes to what a word receives: stapled times the stacked W_O, and the sum of the heads.
import { useMemo } from "preact/hooks";
import { number } from "../../core/format.js";
import { signedFill } from "../MatrixEditor.jsx";

const ROUNDING = 1e-12;
export const ROUTES = [
  "what each head mixed",
  "stapled side by side",
  "times the stacked W_O",
  "and the sum of the heads",
];

const block = (h) => `al-block-${(h % 4) + 1}`;

/** A row of numbers, each in the colour of the head that made it; a drag changes few of the rows. */
function Row({ label, numbers, owner }) {
  const cell = (value, n) => (
    <td
      class={`al-cell ${owner ? block(owner(n)) : ""}`}
      style={owner ? undefined : { background: signedFill(value) }}
    >
      {number(value)}
    </td>
  );
  return useMemo(
    () => (
      <tr>
        <th scope="row">{label}</th>
        {numbers.map(cell)}
      </tr>
    ),
    [label, numbers.join()],
  );
}

function Rows({ caption, axes, rows }) {
  return (
    <table class="al-routes">
      <caption>{caption}</caption>
      {axes && (
        <thead>
          <tr>
            <td />
            {axes.map((axis) => (
              <th scope="col">{axis}</th>
            ))}
          </tr>
        </thead>
      )}
      <tbody>
        {rows.map((row) => (
          <Row {...row} />
        ))}
      </tbody>
    </table>
  );
}

const widthOf = (g) => g.looks[0].value.mixed[0].length;
const ownerOf = (g) => (n) => Math.floor(n / widthOf(g));
const perHead = (rows) =>
  rows.map((numbers, h) => ({ label: `head ${h + 1}`, numbers, owner: () => h }));

function stackedRows(g) {
  const [width, owner] = [widthOf(g), ownerOf(g)];
  const label = (n) => `${owner(n) + 1}.${(n % width) + 1}`;
  return g.stacked.value.map((numbers, n) => ({ label: label(n), numbers, owner: () => owner(n) }));
}

/** The tables of the walk, one a step: the step that the reader has reached shows all before it. */
const TABLES = [
  (g) => ({
    caption: "mixed, one row a head",
    rows: perHead(g.looks.map((seen) => seen.value.mixed[g.query.value])),
  }),
  (g) => ({
    caption: `stapled: one row of ${g.stapled.value.length} numbers`,
    rows: [{ label: "concatenated", numbers: g.stapled.value, owner: ownerOf(g) }],
  }),
  (g, axes) => ({
    caption: "the stacked W_O: each head’s value up, one under the other",
    axes,
    rows: [...stackedRows(g), { label: "stapled times W_O", numbers: g.product.value }],
  }),
  (g, axes) => ({
    caption: "the other route: every head’s delta, and their sum",
    axes,
    rows: [...perHead(g.deltas.value), { label: "sum", numbers: g.total.value }],
  }),
];

function Agreement({ g }) {
  const off = Math.max(...g.total.value.map((v, a) => Math.abs(v - g.product.value[a])));
  return (
    <p class="al-reading">
      The two routes differ by at most{" "}
      <strong>{off < ROUNDING ? "0" : off.toExponential(0)}</strong>.
    </p>
  );
}

export function Routes({ s, g, axes }) {
  const step = s.step.value;
  return (
    <div class="al-under">
      <p class="al-strip-title">Two routes to what {g.words.value[g.query.value]} receives</p>
      <div class="al-controls" data-not-in-picture>
        <label class="al-field">
          <span>step</span>
          <input
            type="range"
            min={1}
            max={ROUTES.length}
            step={1}
            value={step}
            aria-valuetext={`${step}: ${ROUTES[step - 1]}`}
            onInput={(event) => (s.step.value = Number(event.currentTarget.value))}
          />
          <strong>
            {step}. {ROUTES[step - 1]}
          </strong>
        </label>
      </div>
      <div class="al-row al-walk">
        {TABLES.slice(0, step).map((table) => (
          <div class="al-scroll">
            <Rows {...table(g, axes)} />
          </div>
        ))}
      </div>
      {step === ROUTES.length && <Agreement g={g} />}
    </div>
  );
}
