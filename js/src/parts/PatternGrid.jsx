// The attention pattern: dots, scores or weights.
import { computed, signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { number } from "../core/format.js";
import { sameRows } from "../core/mathematics.js";
import { Grid, describeCell } from "./Grid.jsx";
import { signedFill } from "./MatrixEditor.jsx";
import { useUnhurried } from "./useUnhurried.js";

const PLAIN = { text: "", mark: "" };
const BROKEN = { text: "NaN", mark: "al-broken-cell" };
const MASKED = { text: number(-Infinity), mark: "al-masked" };

/** How a cell looks; those that stay as they are get the same look, and cost nothing. */
function lookOf(show, score, weight) {
  if (Number.isNaN(weight) && show !== "scores") return BROKEN;
  if (score === -Infinity) return MASKED;
  if (show === "dots") return PLAIN;
  if (show === "scores") return { text: number(score, 1), mark: "", fill: signedFill(score, 6) };
  return { text: number(weight), mark: "", fill: weightFill(weight) };
}

/** Fill for a weight, as CSS that follows the theme. */
export function weightFill(weight) {
  return `color-mix(in oklab, var(--al-weight) ${(weight * 40).toFixed(1)}%, var(--al-cell))`;
}

/** The looks of all cells, rows that did not change as they were, and all of them if none did. */
function looksOf({ show, scores, weights }) {
  const settled = sameRows();
  let before = { rows: [] };
  return computed(() => {
    const now = { show: show.value, scores: scores.value, weights: weights.value };
    const isAsBefore = (i) =>
      before.show === now.show &&
      before.scores[i] === now.scores[i] &&
      before.weights[i] === now.weights[i];
    now.rows = now.scores.map((row, i) =>
      isAsBefore(i)
        ? before.rows[i]
        : row.map((score, j) => lookOf(now.show, score, now.weights[i][j])),
    );
    before = now;
    return settled(now.rows);
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
  const text = useMemo(() => signal(tellSums(weights.peek())), [weights]);
  useUnhurried(weights, (now) => (text.value = tellSums(now)));
  return (
    <p class="al-sums">
      {columns ? "Each column" : "Each row"} of weights sums to {text}.
    </p>
  );
}

/** Signals in: tokens, scores, weights, show, orientation, selected. `onSelect(i, j)`. */
export function PatternGrid({ tokens, scores, weights, show, orientation, selected, onSelect }) {
  const words = tokens.value;
  const flipped = orientation.value === "columns";
  const { asking, looks } = useMemo(
    () => ({
      asking: computed(() => selected.value?.[0] ?? null),
      looks: looksOf({ show, scores, weights }),
    }),
    [],
  );
  // Between one phrase and the next the numbers may belong to the other.
  const inTurn = () => [scores, weights].every(({ value }) => value.length === words.length);
  const dots = () => {
    if (!inTurn() || show.value !== "dots") return null;
    const [told, shown] = [scores.value, weights.value];
    const area = (i, j) => (told[i][j] === -Infinity ? NaN : shown[i][j]);
    return { rows: [told, shown], layers: [{ shape: "dot", ink: "weight", area }] };
  };
  const name = () => {
    const [told, shown] = [scores.value, weights.value];
    return inTurn() && ((i, j) => describeCell(words, i, j, told[i][j], shown[i][j]));
  };
  const look = () => {
    const rows = looks.value;
    return rows.length === words.length && ((i, j) => rows[i][j]);
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
        <Grid
          label="Attention pattern"
          queries={words}
          keys={words}
          query={asking}
          {...{ flipped, look, name, dots, selected, onSelect }}
        />
      </div>
      <Sums weights={weights} columns={flipped} />
    </div>
  );
}
