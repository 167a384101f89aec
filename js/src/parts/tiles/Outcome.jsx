// What comes out tile by tile, beside the whole row at once; and what is kept and read.
import { computed, effect } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { list, many } from "../../core/format.js";
import { movedBy, soundLines } from "../../core/tiles.js";
import { Steady, Told, useTold } from "../Steady.jsx";
import { useAtRest } from "../useUnhurried.js";
import { difference as small, shown } from "./numbers.js";

const ROUNDING = 1e-9;
const KEPT = 4; // numbers: the maximum, the sum, and two of the output

const OVERFLOW =
  "exp has overflowed. This page computes in float64, which ends at exp(709.78); float32 ends at exp(88.7), float16 at exp(11.1). Infinity divided by infinity is not a number.";

/** What the result is, or why there is none. */
function verdict(trace, difference, running) {
  const { lines, tiles } = trace;
  if (!lines.length) return "Press a tile.";
  if (soundLines(trace) < lines.length) return OVERFLOW;
  if (lines.every(({ own }) => own === -Infinity))
    return "The query sees none of the keys read so far: 0 ÷ 0.";
  if (lines.at(-1).total === 0) return "Every exp was rounded to 0, and 0 ÷ 0 is not a number.";
  const left = tiles.length - lines.length;
  if (left) return `${many(left, "tile")} left. So far: the softmax over the keys that were read.`;
  if (difference > ROUNDING)
    return running
      ? "Not the same: the output before was not corrected."
      : "Not the same: each exp is so small that its digits are lost.";
  return difference === 0 ? "Equal to the last digit." : "Equal but for rounding.";
}

const OUTPUTS = [0, 1];
const ROWS = ["output", "÷ sum", "= tile by tile", "the row at once", "difference"];

/** The numbers of the rows, two in each; null where there are none yet. */
function numbersOf(trace, difference) {
  const { lines, result, whole } = trace;
  const last = lines.at(-1);
  const off = OUTPUTS.map((d) => Math.abs(result[d] - whole.output[d]));
  return [
    last?.output ?? null,
    last ? OUTPUTS.map(() => last.total) : null,
    last ? result : null,
    whole.output,
    difference === null ? null : off,
  ];
}

/** What a drag changes is written, not rendered. */
function useNumbers(table, g) {
  const numbers = useMemo(() => computed(() => numbersOf(g.trace.value, g.difference.value)), []);
  useTold(
    table,
    () => {
      const write = (n) => (n === ROWS.length - 1 ? small : shown);
      const texts = numbers.value.flatMap((pair, n) =>
        OUTPUTS.map((d) => [`${n} ${d}`, pair ? write(n)(pair[d]) : ""]),
      );
      return Object.fromEntries(texts);
    },
    "",
  );
  useLayoutEffect(() => {
    const cells = [...table.current.querySelectorAll("td[data-row]")];
    return effect(() =>
      cells.forEach((cell, i) => {
        const value = numbers.value[cell.dataset.row]?.[i % OUTPUTS.length];
        cell.classList.toggle("al-broken", Number.isNaN(value));
      }),
    );
  }, []);
}

function Comparison({ g }) {
  const table = useRef(null);
  useNumbers(table, g);
  return (
    <table ref={table} class="al-numbers" aria-label="tile by tile, and at once">
      <thead>
        <tr>
          <td />
          <th scope="col">output 1</th>
          <th scope="col">output 2</th>
        </tr>
      </thead>
      <tbody>
        {ROWS.map((name, n) => (
          <tr class={name.startsWith("=") ? "al-total" : ""}>
            <th scope="row">{name}</th>
            {OUTPUTS.map((d) => (
              <td data-row={n}>
                <Told of={`${n} ${d}`} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What the window lets through, if there is one; `moved` is a signal. */
function Read({ seen, tiles, moved }) {
  const read = seen.flatMap((sees, j) => (sees ? [j + 1] : []));
  if (read.length === seen.length) return null;
  const empty = tiles.filter((at) => at.every((j) => !seen[j])).length;
  return (
    <p class="al-reading">
      The query, at key {seen.length}, sees {many(read.length, "key")}: {list(read.map(String))}.{" "}
      {empty > 0 && `${many(empty, "tile")} ${empty === 1 ? "is" : "are"} empty. `}
      With every key the output would differ by{" "}
      <strong>
        <Steady text={moved} />
      </strong>
      .
    </p>
  );
}

/** What to make of the numbers, and how it looks. */
function judge([trace, difference, maximum]) {
  const good = difference !== null && difference <= ROUNDING;
  const bad = difference > ROUNDING || soundLines(trace) < trace.lines.length;
  return {
    text: `${verdict(trace, difference, maximum === "running")}${good ? " ✓" : ""}`,
    look: good ? "al-good-number" : bad ? "al-broken" : "",
  };
}

function Verdict({ s, g }) {
  const read = () => [g.trace.value, g.difference.value, s.maximum.value];
  const { text, look } = useAtRest(
    useMemo(() => computed(read), []),
    judge,
  ).value;
  return <p class={`al-reading ${look}`}>{text}</p>;
}

/** Signals in `s` and `g`. */
export function Outcome({ s, g }) {
  const moved = useMemo(() => computed(() => shown(movedBy(g.trace.value))), []);
  return (
    <div class="al-online-outcome">
      <div class="al-scroll">
        <Comparison g={g} />
      </div>
      <Verdict {...{ s, g }} />
      <p class="al-reading">
        Kept between tiles: <strong>{KEPT} numbers</strong> (maximum, sum, two of the output),
        however long the row. At once: <strong>{many(g.n.value, "score")}</strong>, one a key.
      </p>
      <Read seen={g.seen.value} tiles={g.tiles.value} moved={moved} />
    </div>
  );
}
