// The grid of queries and keys: dots, scores or weights. Cells are written directly, one effect for all,
// because a drag changes every one of them sixty times a second. The dots are one drawing over the table.
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { computed, effect, signal } from "@preact/signals";
import { number } from "../core/format.js";
import { atRest } from "../core/rest.js";
import { Drawing } from "./Drawing.jsx";
import { signedFill, walk } from "./MatrixEditor.jsx";

/** What a cell tells; the keys are of the same text unless `keys` is given. */
export function describeCell(queries, i, j, score, weight, keys = queries) {
  return `query ${queries[i]}, key ${keys[j]}: score ${number(score)}, weight ${number(weight)}`;
}

const LEAST_DOT = 0.05; // of a full dot, so that none disappears
const FULL_DOT = 0.83; // of a cell
const NAMES_AFTER = 60; // ms without a change: names are for those who listen, not for every frame

const PLAIN = { text: "", masked: false, fill: "" };
const BROKEN = { text: "NaN", masked: false, broken: true, fill: "" };
const MASKED = { text: number(-Infinity), masked: true, fill: "" };

/** How a cell looks; compared, so that cells that stay as they are cost nothing. */
function look(show, score, weight) {
  if (Number.isNaN(weight) && show !== "scores") return BROKEN;
  if (score === -Infinity) return MASKED;
  if (show === "dots") return PLAIN;
  if (show === "scores")
    return { text: number(score, 1), masked: false, fill: signedFill(score, 6) };
  return { text: number(weight), masked: false, fill: weightFill(weight) };
}

/** Fill for a weight, as CSS that follows the theme. */
export function weightFill(weight) {
  return `color-mix(in oklab, var(--al-weight) ${(weight * 40).toFixed(1)}%, var(--al-cell))`;
}

function writeCell(cell, next) {
  const seen = cell.seen ?? {};
  if (seen === next) return;
  if (seen.masked !== next.masked) cell.classList.toggle("al-masked", next.masked);
  if (seen.broken !== next.broken) cell.classList.toggle("al-broken-cell", next.broken === true);
  if (seen.text !== next.text) cell.firstChild.data = next.text;
  if (seen.fill !== next.fill) cell.style.background = next.fill;
  cell.seen = next;
}

/** The dots of all cells that have one, their areas the weights. `place(i, j)`: its row and column. */
function drawDots(pen, { x, y, full }, scores, weights, place) {
  weights.forEach((row, i) =>
    row.forEach((weight, j) => {
      if (scores[i][j] === -Infinity || Number.isNaN(weight)) return;
      const [r, c] = place(i, j);
      pen.dot(x[c], y[r], full * Math.max(LEAST_DOT, Math.sqrt(weight)));
    }),
  );
  pen.fill({ ink: "weight" });
}

/** Where the table has put its columns and rows, and how large a dot may be. */
function measureCells(table) {
  const origin = table.getBoundingClientRect();
  const boxes = (nodes) => [...nodes].map((node) => node.getBoundingClientRect());
  const columns = boxes(table.querySelectorAll("tbody tr:first-child td"));
  const rows = boxes(table.querySelectorAll("tbody td:nth-child(2)"));
  return {
    x: columns.map((box) => box.left - origin.left + box.width / 2),
    y: rows.map((box) => box.top - origin.top + box.height / 2),
    full: (FULL_DOT / 2) * Math.min(...columns.map((box) => box.width), rows[0].height),
  };
}

const sameNumbers = (a, b) => a?.length === b.length && a.every((value, n) => value === b[n]);

function writeNames(cells, words, scores, weights) {
  cells.forEach((cell) => {
    const { i, j } = cell.place;
    const name = describeCell(words, i, j, scores[i][j], weights[i][j]);
    if (cell.getAttribute("aria-label") !== name) cell.setAttribute("aria-label", name);
  });
}

function tellSums(weights) {
  const sums = weights.map((row) => row.reduce((a, b) => a + b, 0));
  const known = sums.filter((sum) => !Number.isNaN(sum));
  const [least, most] = [Math.min(...known), Math.max(...known)].map((sum) => number(sum));
  return [
    ...(known.length ? [least === most ? least : `between ${least} and ${most}`] : []),
    ...(known.length < sums.length ? ["not a number"] : []),
  ].join(", or to what is ");
}

function Sums({ weights, columns }) {
  const text = useMemo(() => computed(() => tellSums(weights.value)), [weights]);
  return (
    <p class="al-sums">
      {columns ? "Each column" : "Each row"} of weights sums to {text}.
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

  const spots = useMemo(() => signal(null), []);
  const draw = useMemo(
    () => (pen) => {
      const [at, now] = [spots.value, [scores.value, weights.value]];
      const inTurn = [at?.x, ...now].every((all) => all?.length === words.length);
      if (inTurn && show.value === "dots") drawDots(pen, at, ...now, place);
    },
    [cells],
  );
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => (spots.value = measureCells(table.current)));
    observer.observe(table.current);
    return () => observer.disconnect();
  }, [cells]);

  useEffect(() => {
    const rest = atRest(NAMES_AFTER);
    let drawn = null;
    const rows = words.map((_, i) => words.map((_, j) => cells.get(`${i},${j}`)));
    const stop = effect(() => {
      const now = { scores: scores.value, weights: weights.value };
      const mode = show.value;
      if (now.scores.length !== words.length) return;
      const anew = mode !== drawn?.mode;
      now.scores.forEach((score, i) => {
        const weight = now.weights[i];
        if (!anew && sameNumbers(drawn.scores[i], score) && sameNumbers(drawn.weights[i], weight))
          return;
        rows[i].forEach((cell, j) => writeCell(cell, look(mode, score[j], weight[j])));
      });
      const name = () => writeNames(cells, words, now.scores, now.weights);
      if (drawn === null)
        name(); // at once when drawn, later only when a drag rests
      else rest.later(name);
      drawn = { mode, ...now };
    });
    return () => {
      rest.cancel();
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
        <div class="al-sheet">
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
                        {" "}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
          <Drawing class="al-dots" draw={draw} />
        </div>
      </div>
      <Sums weights={weights} columns={flipped} />
    </div>
  );
}
