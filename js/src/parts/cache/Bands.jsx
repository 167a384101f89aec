// The keys and values of every place, head by head, and the query heads that read them.
import { useRef } from "preact/hooks";
import { list } from "../../core/format.js";
import { walk } from "../MatrixEditor.jsx";

const UNIT = 16; // of a mark's box
const ROUND = "M12.5 8a4.5 4.5 0 1 1-1.6-3.4M11.6 1.2v3.9h-3.9";
const MARKS = {
  new: <circle cx="8" cy="8" r="5" class="al-filled" />,
  read: <circle cx="8" cy="8" r="4.5" />,
  again: <path d={ROUND} />,
  unseen: <path d={ROUND} stroke-dasharray="2.4 1.6" />,
  dropped: <path d="M4.5 4.5l7 7M11.5 4.5l-7 7" class="al-gone" />,
};

export const STATES = {
  absent: "not written yet",
  new: "made now",
  read: "read from the cache",
  again: "made again",
  unseen: "made again, outside the window",
  dropped: "dropped, outside the window",
};
const HATCHED = ["unseen", "dropped"];

function Mark({ state }) {
  return (
    <svg class="al-cache-mark" viewBox={`0 0 ${UNIT} ${UNIT}`} aria-hidden="true">
      {MARKS[state]}
    </svg>
  );
}

/** One kept vector: of the row `row` and the word `word`. */
function Cell({ at, row, word, state, chosen, focusable }) {
  return (
    <td
      role="gridcell"
      data-at={at.join()}
      class={`al-cell al-cached-${state} ${HATCHED.includes(state) ? "al-masked" : ""}`}
      tabIndex={focusable ? 0 : -1}
      aria-selected={chosen}
      aria-label={`${row.name}, ${word}: ${STATES[state]}`}
    >
      <Mark state={state} />
    </td>
  );
}

/** The words over their places; the newest is the one that asks. */
function Head({ words, step }) {
  const kind = (place) =>
    place < step - 1 ? "" : place === step - 1 ? "al-newest" : "al-unwritten";
  return (
    <thead>
      <tr>
        <td class="al-corner" role="presentation">
          <span>places →</span>
        </td>
        {words.map((word, place) => (
          <th scope="col" class={kind(place)}>
            <span>{word}</span>
          </th>
        ))}
      </tr>
    </thead>
  );
}

/** Rows of keys and values; arrow keys walk, + and − write and take back. */
function Kept({ words, rows, states, step, chosen, onSelect, onStep }) {
  const table = useRef(null);
  const cellOf = (node) => node.closest("td[data-at]")?.dataset.at.split(",").map(Number);
  const choose = (event) => {
    const at = cellOf(event.target);
    if (at) onSelect(at);
  };
  const onKeyDown = (event) => {
    const by = { "+": 1, "-": -1, "−": -1 }[event.key];
    if (by) return onStep(by);
    const at = cellOf(event.target);
    const to = at && walk(event.key, at, [rows.length, words.length]);
    if (!to) return;
    event.preventDefault();
    table.current.querySelector(`[data-at="${to}"]`).focus();
  };
  const [r, c] = chosen ?? [0, 0];
  return (
    <table
      ref={table}
      role="grid"
      aria-label="keys and values, columns are places"
      onFocusIn={choose}
      onClick={choose}
      onKeyDown={onKeyDown}
    >
      <Head {...{ words, step }} />
      <tbody>
        {rows.map((row, n) => (
          <tr class={`al-kept-${row.kind}`}>
            <th scope="row">{row.name}</th>
            {words.map((word, place) => (
              <Cell
                at={[n, place]}
                {...{ row, word }}
                state={states[place]}
                focusable={n === r && place === c}
                chosen={chosen !== null && n === r && place === c}
              />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const percent = (n, of) => `${((n + 0.5) / of) * 100}%`;

/** Who reads what: query heads 1 and 2 read key head 1. */
export function tellWires(readers) {
  const groups = readers.map((heads, g) => {
    const many = heads.length > 1;
    const who = `query head${many ? "s" : ""} ${list(heads.map((h) => h + 1))}`;
    return `${who} read${many ? "" : "s"} key head ${g + 1}`;
  });
  return groups.join("; ");
}

/** A line from every query head to the key head that it reads; those to `lit` are strong. */
function Wires({ readers, lit }) {
  const nHeads = readers.flat().length;
  return (
    <svg class="al-wires" role="img" aria-label={tellWires(readers)}>
      {readers.flatMap((heads, g) =>
        heads.map((h) => (
          <line
            class={g === lit ? "al-strong" : ""}
            {...{ x1: "0%", y1: percent(h, nHeads), x2: "100%", y2: percent(g, readers.length) }}
          />
        )),
      )}
    </svg>
  );
}

/** `readers`: the query heads of each key head. `chosen` is `[row, place]` or null. */
export function Bands({ readers, chosen, rows, ...kept }) {
  const lit = chosen && rows[chosen[0]].head;
  const nHeads = readers.flat().length;
  return (
    <div class="al-scroll">
      <div class="al-bands">
        <div class="al-askers">
          <p class="al-query">queries</p>
          <ol>
            {Array.from({ length: nHeads }, (_, h) => (
              <li class={readers[lit]?.includes(h) ? "al-strong" : ""}>
                <span>head </span>
                {h + 1}
              </li>
            ))}
          </ol>
        </div>
        <Wires {...{ readers, lit }} />
        <Kept {...{ rows, chosen }} {...kept} />
      </div>
    </div>
  );
}

/** What the marks mean, and how many cells there are of each. */
export function Legend({ states, rows }) {
  const count = (state) => states.filter((one) => one === state).length * rows.length;
  const shown = Object.keys(STATES).filter((state) => state !== "absent" && count(state) > 0);
  return (
    <ul class="al-cache-legend" aria-label="cells">
      {shown.map((state) => (
        <li>
          <span class={`al-cell al-cached-${state} ${HATCHED.includes(state) ? "al-masked" : ""}`}>
            <Mark state={state} />
          </span>{" "}
          {STATES[state]}: {count(state)}
        </li>
      ))}
    </ul>
  );
}
