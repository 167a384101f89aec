// The likeliest next tokens, with what they were before something was taken away.
import { number } from "../../core/format.js";
import { shown } from "./Tokens.jsx";

export const SHOWN = 5;

/** A probability in two digits, in three where two would say nothing. */
export const share = (p) => number(p, p < 0.1 ? 3 : 2);

/** What `run` has of the token `id`; where it is none of those known, less than the least of them. */
function found(run, id) {
  const one = run.find((each) => each.id === id);
  if (one) return { p: one.p, told: share(one.p) };
  const above = Math.ceil(1000 * run.at(-1).p) / 1000; // what is rounded down may be too little
  return { p: 0, told: `<\u00a0${share(above)}` };
}

/** The five likeliest now, then those of before that are none of them: `[{id, piece, now, before}]`. */
export function rowsOf(now, before) {
  const first = now.slice(0, SHOWN);
  const fallen = before.slice(0, SHOWN).filter(({ id }) => !first.some((one) => one.id === id));
  return [...first, ...fallen].map(({ id, piece }, n) => ({
    ...{ id, piece, isFallen: n >= first.length },
    ...{ now: found(now, id), before: found(before, id) },
  }));
}

const width = (p) => `${(100 * p).toFixed(1)}%`;

/** A bar for now; the line is where the probability was. */
const Bar = ({ now, before, isTaken }) => (
  <span class="al-next-track" aria-hidden="true">
    <svg>
      <line class="al-weight" x1="0" y1="50%" x2={width(now)} y2="50%" />
      {isTaken && <line class="al-was" x1={width(before)} y1="0" x2={width(before)} y2="100%" />}
    </svg>
  </span>
);

function Row({ row, isTaken, onAppend }) {
  const { piece, now, before, isFallen } = row;
  return (
    <tr class={isFallen ? "al-fallen" : ""}>
      <th scope="row">
        <button
          type="button"
          data-in-picture
          aria-label={`Append ${shown(piece)}`}
          onClick={() => onAppend(row)}
        >
          {shown(piece)}
        </button>
      </th>
      <td class="al-bar-column">
        <Bar now={now.p} before={before.p} isTaken={isTaken} />
      </td>
      <td>{now.told}</td>
      {isTaken && <td>{before.told}</td>}
    </tr>
  );
}

/** `now` or `before` may be null: nothing is known of them. */
export function Guesses({ now, before, isTaken, isOld, onAppend }) {
  const rows = rowsOf(now, before);
  const none = 2 * SHOWN - rows.length;
  return (
    <table class={`al-numbers al-guesses ${isOld ? "al-is-old" : ""}`}>
      <caption class="al-strip-title">Likeliest next tokens. Press one to append it</caption>
      <thead>
        <tr>
          <th scope="col">next token</th>
          <th scope="col" colSpan={2}>
            probability{isTaken ? " now" : ""}
          </th>
          {isTaken && <th scope="col">before</th>}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row key={row.id} {...{ row, isTaken, onAppend }} />
        ))}
        {/* As many rows at all times: what stands below stays where it is. */}
        {Array.from({ length: none }, (_, n) => (
          <tr key={`none-${n}`} class="al-no-row" aria-hidden="true">
            <th>
              <span>–</span>
            </th>
            <td colSpan={isTaken ? 3 : 2} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}
