// The grid of queries and keys: dots, scores or weights. Cells are written directly, one effect for all,
// because a drag changes every one of them sixty times a second.
import { useEffect, useMemo, useRef } from "preact/hooks";
import { effect } from "@preact/signals";
import { number } from "../core/format.js";
import { signedFill, walk } from "./MatrixEditor.jsx";

export function describeCell(tokens, i, j, score, weight) {
  return `query ${tokens[i]}, key ${tokens[j]}: score ${number(score)}, weight ${number(weight)}`;
}

const LEAST_DOT = 0.05; // of a full dot, so that none disappears
const NAMES_AFTER = 60; // ms without a change: names are for those who listen, not for every frame

/** How a cell looks; compared as text, so that cells that stay as they are cost nothing. */
function look(show, score, weight) {
  if (Number.isNaN(weight) && show !== "scores")
    return { text: "NaN", masked: false, broken: true, dot: 0, fill: "" };
  if (score === -Infinity) return { text: number(score), masked: true, dot: 0, fill: "" };
  if (show === "dots") {
    const dot = Math.max(LEAST_DOT, Math.sqrt(weight)).toFixed(3);
    return { text: "", masked: false, dot, fill: "" };
  }
  if (show === "scores")
    return { text: number(score, 1), masked: false, dot: 0, fill: signedFill(score, 6) };
  return { text: number(weight), masked: false, dot: 0, fill: weightFill(weight) };
}

/** Fill for a weight, as CSS that follows the theme. */
export function weightFill(weight) {
  return `color-mix(in oklab, var(--al-weight) ${(weight * 40).toFixed(1)}%, var(--al-cell))`;
}

function writeCell(cell, seen, next) {
  if (seen.dot !== next.dot) {
    cell.firstChild.hidden = next.dot === 0;
    if (next.dot) cell.firstChild.style.transform = `scale(${next.dot})`;
  }
  if (seen.masked !== next.masked) cell.classList.toggle("al-masked", next.masked);
  if (seen.broken !== next.broken) cell.classList.toggle("al-broken-cell", next.broken === true);
  if (seen.text !== next.text) cell.lastChild.data = next.text;
  if (seen.fill !== next.fill) cell.style.background = next.fill;
}

function writeNames(cells, words, scores, weights) {
  cells.forEach((cell) => {
    const { i, j } = cell.place;
    const name = describeCell(words, i, j, scores[i][j], weights[i][j]);
    if (cell.getAttribute("aria-label") !== name) cell.setAttribute("aria-label", name);
  });
}

function Sums({ weights, columns }) {
  const sums = weights.value.map((row) => row.reduce((a, b) => a + b, 0));
  const known = sums.filter((sum) => !Number.isNaN(sum));
  const [least, most] = [Math.min(...known), Math.max(...known)].map((sum) => number(sum));
  const told = [
    ...(known.length ? [least === most ? least : `between ${least} and ${most}`] : []),
    ...(known.length < sums.length ? ["not a number"] : []),
  ];
  return (
    <p class="al-sums">
      {columns ? "Each column" : "Each row"} of weights sums to {told.join(", or to what is ")}.
    </p>
  );
}

/** Signals in: tokens, scores, weights, show, orientation, selected. `onSelect(i, j)`. */
export function PatternGrid({ tokens, scores, weights, show, orientation, selected, onSelect }) {
  const table = useRef(null);
  const words = tokens.value;
  const flipped = orientation.value === "columns";
  const place = (i, j) => (flipped ? [j, i] : [i, j]);
  const cells = useMemo(() => new Map(), [words.join(" "), flipped]);

  useEffect(() => {
    let waiting = null;
    const stop = effect(() => {
      const [score, weight, mode] = [scores.value, weights.value, show.value];
      if (score.length !== words.length) return;
      cells.forEach((cell) => {
        const { i, j } = cell.place;
        const next = look(mode, score[i][j], weight[i][j]);
        writeCell(cell, cell.seen ?? {}, next);
        cell.seen = next;
      });
      clearTimeout(waiting);
      const first = waiting === null; // named at once when drawn, later only when a drag rests
      if (first) writeNames(cells, words, score, weight);
      waiting = setTimeout(() => writeNames(cells, words, score, weight), NAMES_AFTER);
    });
    return () => {
      clearTimeout(waiting);
      stop();
    };
  }, [cells]);
  useEffect(
    () =>
      effect(() => {
        const [i, j] = selected.value ?? [-1, -1];
        cells.forEach((cell) => {
          const { i: a, j: b } = cell.place;
          const here = a === i && b === j;
          cell.setAttribute("aria-selected", here);
          cell.tabIndex = here || (i < 0 && a === 0 && b === 0) ? 0 : -1;
          cell.classList.toggle("al-in-row", a === i);
        });
      }),
    [cells],
  );

  const keep = (at, cell) => {
    if (!cell) return cells.delete(at);
    const [i, j] = at.split(",").map(Number);
    cell.place = { i, j };
    cells.set(at, cell);
  };
  const onKeyDown = (event) => {
    const at = event.target.closest("td")?.dataset.at;
    if (!at) return;
    const shown = place(...at.split(",").map(Number));
    const to = walk(event.key, shown, [words.length, words.length]);
    if (!to) return;
    event.preventDefault();
    cells.get(place(...to).toString()).focus();
  };
  const choose = (event) => {
    const at = event.target.closest("td")?.dataset.at;
    if (at) onSelect(...at.split(",").map(Number));
  };
  const [rowKind, columnKind] = flipped ? ["key", "query"] : ["query", "key"];
  return (
    <div class="al-pattern">
      <span class={`al-axis al-axis-top al-${columnKind}`}>
        {flipped ? "queries" : "keys"} <span aria-hidden="true">→</span>
      </span>
      <span class={`al-axis al-axis-side al-${rowKind}`}>
        {flipped ? "keys" : "queries"} <span aria-hidden="true">→</span>
      </span>
      <div class="al-scroll">
        <table
          ref={table}
          role="grid"
          aria-label={`Attention pattern, ${flipped ? "columns are queries" : "rows are queries"}`}
          onKeyDown={onKeyDown}
          onFocusIn={choose}
          onClick={choose}
        >
          <thead>
            <tr>
              <td class="al-corner" role="presentation" />
              {words.map((word) => (
                <th scope="col" class={`al-${columnKind}`}>
                  <span>{word}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {words.map((word, r) => (
              <tr>
                <th scope="row" class={`al-${rowKind}`}>
                  {word}
                </th>
                {words.map((_, c) => {
                  const at = place(r, c).toString();
                  return (
                    <td
                      key={`${at}${flipped}`}
                      role="gridcell"
                      class="al-cell al-weight"
                      data-at={at}
                      ref={(cell) => keep(at, cell)}
                    >
                      <span class="al-dot" />{" "}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Sums weights={weights} columns={flipped} />
    </div>
  );
}
