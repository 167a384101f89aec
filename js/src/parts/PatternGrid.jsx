// The grid of queries and keys: dots, scores or weights. Cells are written directly, one effect for all,
// because a drag changes every one of them sixty times a second.
import { useEffect, useMemo, useRef } from "preact/hooks";
import { effect } from "@preact/signals";
import { number } from "../core/format.js";
import { signedFill, walk } from "./MatrixEditor.jsx";

export function describeCell(tokens, i, j, score, weight) {
  return `query ${tokens[i]}, key ${tokens[j]}: score ${number(score)}, weight ${number(weight)}`;
}

function writeCell(cell, show, score, weight, label) {
  const masked = score === -Infinity;
  cell.setAttribute("aria-label", label);
  cell.classList.toggle("al-masked", masked);
  cell.style.setProperty("--weight", weight.toFixed(4));
  cell.firstChild.hidden = show !== "dots" || masked;
  const text = show === "scores" || masked ? number(score, 1) : number(weight);
  cell.lastChild.data = show === "dots" && !masked ? "" : text;
  cell.style.background = show === "scores" && !masked ? signedFill(score, 6) : "";
}

function Sums({ weights, columns }) {
  const sums = weights.value.map((row) => number(row.reduce((a, b) => a + b, 0)));
  const same = sums.every((sum) => sum === sums[0]);
  return (
    <p class="al-sums">
      {columns ? "Each column" : "Each row"} of weights sums to {same ? sums[0] : sums.join(", ")}.
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

  useEffect(
    () =>
      effect(() => {
        const [score, weight, mode] = [scores.value, weights.value, show.value];
        if (score.length !== words.length) return;
        cells.forEach((cell, at) => {
          const [i, j] = at.split(",").map(Number);
          const label = describeCell(words, i, j, score[i][j], weight[i][j]);
          writeCell(cell, mode, score[i][j], weight[i][j], label);
        });
      }),
    [cells],
  );
  useEffect(
    () =>
      effect(() => {
        const [i, j] = selected.value ?? [-1, -1];
        cells.forEach((cell, at) => {
          const [a, b] = at.split(",").map(Number);
          const here = a === i && b === j;
          cell.setAttribute("aria-selected", here);
          cell.tabIndex = here || (i < 0 && a === 0 && b === 0) ? 0 : -1;
          cell.classList.toggle("al-in-row", a === i);
        });
      }),
    [cells],
  );

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
      <span class={`al-axis al-axis-top al-${columnKind}`}>{flipped ? "queries" : "keys"} →</span>
      <span class={`al-axis al-axis-side al-${rowKind}`}>{flipped ? "keys" : "queries"} →</span>
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
              <td class="al-corner" />
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
                      ref={(cell) => (cell ? cells.set(at, cell) : cells.delete(at))}
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
