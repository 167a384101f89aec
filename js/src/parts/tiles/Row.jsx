// The row of scores with its values, cut into tiles; above each key what it counts, and its weight at once.
import { computed } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { MatrixEditor } from "../MatrixEditor.jsx";
import { Meter } from "../Meter.jsx";
import { Told, useTold } from "../Steady.jsx";
import { brief } from "./numbers.js";

const ROWS = ["score", "value 1", "value 2"];
const MANY = 8; // keys: more have narrower columns
const ordinal = (n) => `${n}${{ 1: "st", 2: "nd", 3: "rd" }[n] ?? "th"}`;

function TileButton({ tile, at, place, onPress }) {
  return (
    <th scope="colgroup" colSpan={at.length}>
      <button type="button" data-in-picture aria-pressed={place > 0} onClick={onPress}>
        <span class={at.length === 1 ? "al-spoken" : ""}>tile </span>
        <span>{tile + 1}</span> <small>{place ? ordinal(place) : "take"}</small>
      </button>
    </th>
  );
}

/** `shares` is a signal of one share for each key, and null for none. */
function Upright({ shares, j }) {
  const bars = useMemo(
    () => computed(() => [{ ends: [0, shares.value[j] ?? 0], kind: "al-weight" }]),
    [shares, j],
  );
  return <Meter class="al-upright" bars={bars} upright />;
}

/** The largest of what counts fills its bar; beside infinity the others are nothing. */
function countShares(counts) {
  const full = Math.max(...counts, 0);
  return counts.map((count) => (count === Infinity ? 1 : count && count / full));
}

function Bars({ label, name, shares, n, starts }) {
  return (
    <tr>
      <th scope="row">{label}</th>
      {Array.from({ length: n }, (_, j) => (
        <td class={starts(j) ? "al-tile-begins" : ""}>
          <Upright shares={shares} j={j} />
          <Told of={`${name} ${j}`} />
        </td>
      ))}
    </tr>
  );
}

/** What each key counts so far, and its weight in the whole row at once. */
function Shares({ g, s, tiles, n, starts, onTake }) {
  const table = useRef(null);
  const [counted, weights] = useMemo(
    () => [
      computed(() => countShares(g.trace.value.counts)),
      computed(() => g.trace.value.whole.weights),
    ],
    [],
  );
  useTold(
    table,
    () => {
      const { counts, whole } = g.trace.value;
      if (counts.length !== n) return null;
      const texts = counts.map((count, j) => [`counts ${j}`, brief(count)]);
      const shares = whole.weights.map((weight, j) => [`weight ${j}`, brief(weight)]);
      return Object.fromEntries([...texts, ...shares]);
    },
    [n, tiles.length].join(),
  );
  return (
    <table ref={table} class="al-online-shares" aria-label="what each key counts">
      <thead>
        <tr>
          <td />
          {tiles.map((at, tile) => (
            <TileButton
              {...{ tile, at }}
              key={`${tile} of ${tiles.length}`}
              place={g.order.value.indexOf(tile) + 1}
              onPress={() => onTake(tile)}
            />
          ))}
        </tr>
      </thead>
      <tbody key={[n, tiles.length].join()}>
        <Bars label="counts so far" name="counts" shares={counted} {...{ n, starts }} />
        <Bars label="weight at once" name="weight" shares={weights} {...{ n, starts }} />
      </tbody>
    </table>
  );
}

/** Signals in `s` and `g`; `onTake(tile)` hears of a tile that is pressed. */
export function Row({ s, g, voice, onTake }) {
  const n = g.n.value;
  const tiles = g.tiles.value;
  const matrix = useMemo(
    () =>
      computed(() => [
        s.scores.value,
        ...[0, 1].map((d) => g.values.value.map((value) => value[d])),
      ]),
    [],
  );
  const starts = (j) => j > 0 && j % s.tile.value === 0;
  const mark = (_, j) =>
    [starts(j) && "al-tile-begins", !(g.seen.value[j] ?? true) && "al-masked"]
      .filter(Boolean)
      .join(" ");
  const change = ([scores, ...values]) => {
    s.scores.value = scores;
    const next = scores.map((_, j) => values.map((row) => row[j]));
    if (String(next) !== String(s.values.value)) s.values.value = next;
  };
  return (
    <div class="al-online-row" data-many={n > MANY ? "" : undefined} style={{ "--al-keys": n }}>
      <div class="al-scroll">
        <Shares {...{ s, g, tiles, n, starts, onTake }} />
        <MatrixEditor
          name="row"
          kind="scores"
          matrix={matrix}
          rowLabels={ROWS}
          mark={mark}
          voice={voice}
          onChange={change}
        />
      </div>
      <p class="al-hint">
        Counts: exp({s.maximum.value === "running" ? "score − running maximum" : "score"}), where
        the tile was taken. Weight: the softmax of the whole row.
      </p>
    </div>
  );
}
