// The ledger: a line for each tile that was taken, and where each of its numbers comes from.
import { computed, effect } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { short } from "../../core/format.js";
import { NAMES_AFTER, unhurried } from "../../core/rest.js";
import { walk } from "../MatrixEditor.jsx";
import { Told, useTold } from "../Steady.jsx";
import { useAtRest } from "../useUnhurried.js";
import { shown } from "./numbers.js";

export const COLUMNS = [
  ...["its maximum", "running maximum", "correction", "sum", "output 1", "output 2"],
];
const SUM = 3; // the column from which on there is a product

const signed = (value) => (value < 0 ? `(${short(value)})` : short(value));
const term = (value) => (value < 0 ? `(${shown(value)})` : shown(value));

/** What stands in a column of the sums: before, the correction, what the tile adds, and all of it. */
function product(line, column) {
  const { before, added } = line;
  if (column === SUM) return [before.total, line.factor, added.total, line.total];
  const d = column - SUM - 1;
  return [before.output[d], line.outputFactor, added.output[d], line.output[d]];
}

/** The number in each column of a line. */
export const numbersOf = ({ own, top, factor, total, output }) => [
  own,
  top,
  factor,
  total,
  ...output,
];

/** What a cell says, in pieces: what its number is worked out from, and the number. */
function pieces(line, column, running) {
  if (column === 0) return ["", "", short(line.own)];
  if (!running && column < SUM) return ["", "", "none"];
  if (column === 1) return ["", "", short(line.top)];
  if (column === 2) {
    const { before, top, factor } = line;
    if (before.top === top) return ["", "", "1"];
    return [`exp(${short(before.top)} − ${signed(top)})`, "=", shown(factor)];
  }
  const [before, factor, added, after] = product(line, column);
  if (line.own === -Infinity) return ["", "as it was:", shown(after)];
  const times = running ? ` × ${shown(factor)}` : "";
  return [`${shown(before)}${times}`, `+ ${term(added)} =`, shown(after)];
}

const isBroken = (line, column) => column >= SUM && !Number.isFinite(numbersOf(line)[column]);

const cellsOf = (table) =>
  [...table.querySelectorAll("[data-at]")].map((cell) => {
    const [line, column] = cell.dataset.at.split(",").map(Number);
    return { cell, line, column };
  });

/** Names and marks of the cells, one effect for all. */
function useMarks(table, structure, { s, g }) {
  useLayoutEffect(() => {
    const cells = cellsOf(table.current);
    const names = unhurried(NAMES_AFTER);
    const nameOf = ({ line: n, column }) => {
      const line = g.trace.peek().lines[n];
      if (!line) return "";
      const running = s.maximum.peek() === "running";
      const told = pieces(line, column, running).filter(Boolean).join(" ");
      return `tile ${line.tile + 1}, ${COLUMNS[column]}: ${told}`;
    };
    const stops = [
      effect(() => {
        const { lines } = g.trace.value;
        for (const { cell, line, column } of cells)
          if (lines[line]) {
            cell.classList.toggle("al-broken", isBroken(lines[line], column));
            cell.classList.toggle("al-corrects", column === 2 && lines[line].factor !== 1);
          }
        names.run(() => cells.forEach((one) => one.cell.setAttribute("aria-label", nameOf(one))));
      }),
      effect(() => {
        const [line, column] = g.selected.value ?? [0, 0];
        for (const one of cells) {
          const here = one.line === line && one.column === column;
          one.cell.tabIndex = here ? 0 : -1;
          one.cell.setAttribute("aria-selected", here && g.selected.value !== null);
        }
      }),
    ];
    return () => {
      names.cancel();
      stops.forEach((stop) => stop());
    };
  }, [structure]);
}

/** A line for each tile that was taken; there is one at least. */
function Lines({ s, g, onSelect }) {
  const table = useRef(null);
  const order = g.order.value;
  const structure = [...order, s.maximum.value].join();
  useMarks(table, structure, { s, g });
  useTold(
    table,
    () => {
      const { lines } = g.trace.value;
      if (lines.length !== order.length) return null;
      const running = s.maximum.value === "running";
      const texts = lines.flatMap((line, n) =>
        COLUMNS.flatMap((_, column) =>
          pieces(line, column, running).map((text, part) => [`${n} ${column} ${part}`, text]),
        ),
      );
      return Object.fromEntries(texts);
    },
    structure,
  );
  const choose = (event) => {
    const cell = event.target.closest("[data-at]");
    if (cell) onSelect(...cell.dataset.at.split(",").map(Number));
  };
  const onKeyDown = (event) => {
    const cell = event.target.closest("[data-at]");
    const at = cell?.dataset.at.split(",").map(Number);
    const to = at && walk(event.key, at, [order.length, COLUMNS.length]);
    if (!to) return;
    event.preventDefault();
    table.current.querySelector(`[data-at="${to}"]`).focus();
  };
  return (
    <table
      ref={table}
      key={structure}
      class="al-online-ledger"
      role="grid"
      aria-label="the ledger"
      onFocusIn={choose}
      onClick={choose}
      onKeyDown={onKeyDown}
    >
      <thead>
        <tr role="row">
          <td class="al-corner" role="presentation" />
          {COLUMNS.map((title) => (
            <th scope="col" role="columnheader">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {order.map((tile, n) => (
          <tr role="row">
            <th scope="row" role="rowheader">
              tile {tile + 1}
            </th>
            {COLUMNS.map((title, column) => (
              <td role="gridcell" data-at={`${n},${column}`}>
                <span class="al-online-name" aria-hidden="true">
                  {title}
                </span>
                <Told of={`${n} ${column} 0`} /> <Told of={`${n} ${column} 1`} />{" "}
                <strong>
                  <Told of={`${n} ${column} 2`} />
                </strong>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Signals in `s` and `g`; `onSelect(line, column)` hears of the number that has the focus. */
export function Account({ s, g, onSelect }) {
  if (g.order.value.length) return <Lines {...{ s, g, onSelect }} />;
  return <p class="al-hint">The ledger is empty. Press a tile.</p>;
}

const listed = (numbers) => numbers.map(short).join(", ");

/** The sum of exp(score − maximum) over the tile, each times its value where there is one. */
function termsOf({ at, powers, top, added }, { scores }, values, column, running) {
  const d = column - SUM - 1;
  const seen = at.map((j, i) => ({ j, power: powers[i] })).filter(({ j }) => scores[j] > -Infinity);
  const exponent = (j) => (running ? `${short(scores[j])} − ${signed(top)}` : short(scores[j]));
  const times = (j) => (d < 0 ? "" : ` · ${signed(values[j][d])}`);
  const sum = d < 0 ? added.total : added.output[d];
  return [
    seen.map(({ j }) => `exp(${exponent(j)})${times(j)}`).join(" + "),
    `${seen.map(({ j, power }) => `${shown(power)}${times(j)}`).join(" + ")} = ${shown(sum)}`,
  ];
}

const EMPTY = [
  "The query sees no key of this tile: its maximum is −∞ and its sum 0.",
  "Nothing changes. −∞ − (−∞) would be not a number, so code must ask first.",
];

function explainMaximum(line, { scores }, column) {
  if (column === 0) return [`max(${listed(line.at.map((j) => scores[j]))}) = ${short(line.own)}`];
  return [
    `max(${short(line.before.top)}, ${short(line.own)}) = ${short(line.top)}`,
    line.before.top === line.top ? "It stays." : "It rises: what came before is corrected.",
  ];
}

function explainCorrection({ before, top, factor }) {
  if (before.top === top) return ["The maximum stays, so nothing is corrected: × 1."];
  const power = `exp(${short(before.top)} − ${signed(top)}) = ${shown(factor)}`;
  if (before.top === -Infinity) return [power, "There was nothing yet: 0 is multiplied."];
  return [
    power,
    `Every term so far was exp(score − ${signed(before.top)}). Times this it is exp(score − ${signed(top)}).`,
  ];
}

/** How the number that was chosen came about, line by line. */
export function explain({ trace, values, running, at: [n, column] }) {
  const line = trace.lines[n];
  if (line.own === -Infinity && column !== 0) return EMPTY;
  if (column === 0) return explainMaximum(line, trace, column);
  if (!running && column < SUM)
    return ["Nothing is subtracted before exp, so nothing is corrected."];
  if (column === 1) return explainMaximum(line, trace, column);
  if (column === 2) return explainCorrection(line);
  const [before, factor, added, after] = product(line, column);
  const [terms, worth] = termsOf(line, trace, values, column, running);
  const old = running ? `${term(before)} × ${shown(factor)}` : term(before);
  const lines = [`the tile: ${terms}`, worth, `all: ${old} + ${term(added)} = ${shown(after)}`];
  if (column > SUM && line.outputFactor !== line.factor)
    lines.push(`The bug: what came before should be times ${shown(line.factor)}, as in the sum.`);
  return lines;
}

const HINT = { title: "Where does a number come from?", hint: "Choose a number of the ledger." };

/** How the chosen number came about, with its title. */
function account([trace, at, values, maximum]) {
  if (!at) return HINT;
  return {
    title: `tile ${trace.lines[at[0]].tile + 1}: ${COLUMNS[at[1]]}`,
    lines: explain({ trace, at, values, running: maximum === "running" }),
  };
}

/** Signals in `s` and `g`. */
export function Chosen({ s, g }) {
  const read = () => [g.trace.value, g.selected.value, g.values.value, s.maximum.value];
  const told = useAtRest(
    useMemo(() => computed(read), []),
    account,
  );
  const { title, lines, hint } = told.value;
  return (
    <div class="al-strip">
      <p class="al-strip-title">{title}</p>
      {hint && <p>{hint}</p>}
      {lines && (
        <ol class="al-steps">
          {lines.map((line) => (
            <li>{line}</li>
          ))}
        </ol>
      )}
    </div>
  );
}
