// A small grid of queries and keys over a mask: what is hidden is hatched, weight on it is a leak.
import { useRef } from "preact/hooks";
import { number } from "../core/format.js";
import { walk } from "./MatrixEditor.jsx";

/** The cell under the pointer: a finger that paints stays captured by the cell it began on. */
function cellAt(event, table) {
  const cell = document.elementFromPoint(event.clientX, event.clientY)?.closest("td[data-at]");
  return cell && table.contains(cell) ? cell.dataset.at.split(",").map(Number) : null;
}

function usePainting(table, keep, onPaint) {
  const brush = useRef(null);
  if (!onPaint) return {};
  const stop = () => (brush.current = null);
  return {
    onPointerDown: (event) => {
      const at = event.button === 0 && cellAt(event, table.current);
      if (!at) return;
      brush.current = !keep[at[0]][at[1]];
      onPaint(...at, brush.current);
    },
    onPointerMove: (event) => {
      if (brush.current === null) return;
      const at = cellAt(event, table.current);
      if (at && keep[at[0]][at[1]] !== brush.current) onPaint(...at, brush.current);
    },
    onPointerUp: stop,
    onPointerCancel: stop,
    onPointerLeave: stop,
  };
}

function Content({ weight, editable, may }) {
  if (editable) return may ? "✓" : "";
  if (Number.isNaN(weight)) return <span class="al-broken">0/0</span>;
  if (weight === 0) return "";
  return (
    <span class="al-dot" style={{ transform: `scale(${Math.max(0.08, Math.sqrt(weight))})` }} />
  );
}

/**
 * Without `weights` it edits the mask: `onPaint(i, j, may)`. With them it shows a pattern.
 * `onSelect(i, j)` hears of the cell that has the focus.
 */
export function MaskGrid({ label, tokens, keep, weights, flipped, selected, onPaint, onSelect }) {
  const table = useRef(null);
  const place = (r, c) => (flipped ? [c, r] : [r, c]);
  const [rowKind, columnKind] = flipped ? ["key", "query"] : ["query", "key"];
  const painting = usePainting(table, keep, onPaint);
  const name = (i, j) => {
    const pair = `query ${tokens[i]}, key ${tokens[j]}: ${keep[i][j] ? "may attend" : "hidden"}`;
    return weights ? `${pair}, weight ${number(weights[i][j])}` : pair;
  };
  const onKeyDown = (event) => {
    const at = event.target.closest("td")?.dataset.at;
    if (!at) return;
    const [i, j] = at.split(",").map(Number);
    if (onPaint && [" ", "Enter"].includes(event.key)) {
      event.preventDefault();
      return onPaint(i, j, !keep[i][j]);
    }
    const to = walk(event.key, place(i, j), [tokens.length, tokens.length]);
    if (!to) return;
    event.preventDefault();
    table.current.querySelector(`[data-at="${place(...to)}"]`).focus();
  };
  const [a, b] = selected ?? [0, 0];
  return (
    <table
      ref={table}
      role="grid"
      class="al-mask-grid"
      aria-label={`${label}, ${flipped ? "columns are queries" : "rows are queries"}`}
      onKeyDown={onKeyDown}
      {...painting}
    >
      <thead>
        <tr>
          <td class="al-corner" role="presentation" />
          {tokens.map((word) => (
            <th scope="col" class={`al-${columnKind}`}>
              <span>{word}</span>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {tokens.map((word, r) => (
          <tr>
            <th scope="row" class={`al-${rowKind}`}>
              <span>{word}</span>
            </th>
            {tokens.map((_, c) => {
              const [i, j] = place(r, c);
              const leaks = weights && !keep[i][j] && weights[i][j] > 0;
              return (
                <td
                  role="gridcell"
                  data-at={`${i},${j}`}
                  class={`al-cell ${keep[i][j] ? "" : "al-masked"} ${leaks ? "al-leak" : ""}`}
                  tabIndex={i === a && j === b ? 0 : -1}
                  aria-label={name(i, j)}
                  aria-selected={selected !== null && i === a && j === b}
                  onFocus={() => onSelect(i, j)}
                  onClick={() => onSelect(i, j)}
                >
                  <Content weight={weights?.[i][j]} editable={!weights} may={keep[i][j]} />
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
