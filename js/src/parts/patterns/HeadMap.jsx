// All heads, small: a table of cells under one drawing, so that a thousand heads cost one canvas.
import { effect, signal } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { number } from "../../core/format.js";
import { Squares, mosaicOf } from "../../core/patterns.js";
import { Drawing } from "../Drawing.jsx";
import { walk } from "../MatrixEditor.jsx";

const [LEAST, MOST] = [24, 84]; // pixels of a tile: a finger's, and where more shows nothing more
const HEADER = 34;
const NAMED_FROM = 2.8; // letters: a narrower tile has no room for its name
const SCORED_FROM = 5;
const NAME = 1.25;
// Opacity of what a pattern stands on: fainter in a system's own colours, where its ink is that of letters.
const GROUND = 0.35;
const FORCED_GROUND = 0.12;
const groundOpacity = () =>
  matchMedia("(forced-colors: active)").matches ? FORCED_GROUND : GROUND;
const GAP = 3;

const placeOf = (node) => node.closest("td[data-at]")?.dataset.at.split(",").map(Number);

/** How large a tile may be where the table stands, and the letters: `{tile, letters}`, in pixels. */
function useRoom(box, columns) {
  const [tile, letters] = useMemo(() => [signal(LEAST), signal(0)], []);
  useLayoutEffect(() => {
    const fit = () => {
      const room = (box.current.clientWidth - HEADER - 8) / columns;
      tile.value = Math.floor(Math.min(MOST, Math.max(LEAST, room)));
      letters.value = parseFloat(getComputedStyle(box.current.querySelector("table")).fontSize);
    };
    fit();
    let next = 0;
    const observer = new ResizeObserver(() => {
      cancelAnimationFrame(next);
      next = requestAnimationFrame(fit);
    });
    observer.observe(box.current);
    return () => {
      cancelAnimationFrame(next);
      observer.disconnect();
    };
  }, [columns]);
  return { tile: tile.value, letters: letters.value || MOST };
}

/** Marks the cell of the chosen head: a thousand others are not looked at. */
function useChosen(table, g, structure) {
  useLayoutEffect(() => {
    let before = null;
    return effect(() => {
      const n = g.arranged.value.order.indexOf(g.head.value);
      const { columns } = g.arranged.value;
      const at = `${Math.floor(n / columns)},${n % columns}`;
      const cell = table.current.querySelector(`[data-at="${at}"]`);
      if (before) {
        before.tabIndex = -1;
        before.setAttribute("aria-selected", false);
      }
      cell.tabIndex = 0;
      cell.setAttribute("aria-selected", true);
      before = cell;
    });
  }, [structure]);
}

/** What a head is called, and the score it stands by; without one, the score that is most its own. */
function nameOf(g, head) {
  const scores = Object.values(g.scores.value).filter(Boolean);
  const beyond = ({ heads, uniform }) => heads[head] - uniform;
  const score =
    g.scored.value ?? scores.reduce((a, b) => (a && beyond(a) >= beyond(b) ? a : b), null);
  const told = score ? `${score.label} ${number(score.heads[head])}` : g.layerName(head);
  return `head ${g.headName(head)}: ${told}`;
}

/** `fits`: nothing, names, or names and scores. */
function Rows({ g, arranged, fits }) {
  const { order, columns, rowNames } = arranged;
  const rows = Array.from({ length: Math.ceil(order.length / columns) }, (_, r) => r);
  return rows.map((r) => (
    <tr>
      <th scope="row">{rowNames?.(r) ?? r * columns + 1}</th>
      {order.slice(r * columns, (r + 1) * columns).map((head, c) => (
        <td
          role="gridcell"
          data-at={`${r},${c}`}
          tabIndex={-1}
          aria-selected="false"
          aria-label={nameOf(g, head)}
          title={nameOf(g, head)}
        >
          {fits > 0 && (
            <span aria-hidden="true">
              {g.scored.value && fits > 1
                ? `${g.headName(head)}  ${number(g.scored.value.heads[head])}`
                : g.headName(head)}
            </span>
          )}
        </td>
      ))}
    </tr>
  ));
}

/** The drawing of every head: its weights, its lengths, or one over the other. */
function useMosaic({ s, g, tile, line }) {
  const squares = useMemo(() => new Squares(g.shape), []);
  return useMemo(
    () => (pen) => {
      pen.clear();
      const { order, columns } = g.arranged.value;
      const only = s.small.value === "row" ? g.query.value : null;
      const flipped = s.orientation.value === "columns";
      const place = {
        squares,
        order,
        columns,
        tile,
        line,
        gap: GAP,
        scale: pen.scale,
        flipped,
        only,
      };
      order.forEach((_, n) =>
        pen.box((n % columns) * tile, Math.floor(n / columns) * line, tile - GAP, tile - GAP),
      );
      pen.fill({ ink: "line", opacity: groundOpacity() });
      for (const { bytes, ink, opacity } of g.layers.value)
        pen.shade(mosaicOf({ bytes, ...place }), { ink, opacity });
    },
    [tile, line],
  );
}

/** `onChoose(head)` hears of the head that has the focus. */
export function HeadMap({ s, g, onChoose }) {
  const [box, table] = [useRef(null), useRef(null)];
  const arranged = g.arranged.value;
  const { order, columns, columnNames, kinds } = arranged;
  const { tile, letters } = useRoom(box, columns);
  const fits = [NAMED_FROM, SCORED_FROM].filter((most) => tile >= most * letters).length;
  const line = tile + (fits ? Math.ceil(NAME * letters) : 0);
  const rows = Math.ceil(order.length / columns);
  const draw = useMosaic({ s, g, tile, line });
  const structure = `${s.order.value} ${fits}`;
  useChosen(table, g, structure);
  const onKeyDown = (event) => {
    const at = placeOf(event.target);
    const to = at && walk(event.key, at, [rows, columns]);
    if (!to) return;
    event.preventDefault();
    table.current.querySelector(`[data-at="${to}"]`)?.focus();
  };
  const choose = ({ target }) => {
    const at = placeOf(target);
    if (at) onChoose(order[at[0] * columns + at[1]]);
  };
  const sheet = useMemo(
    () => (
      <>
        <thead>
          <tr>
            <td role="presentation" />
            {Array.from({ length: columns }, (_, c) => (
              <th scope="col">{columnNames?.(c) ?? ""}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Rows {...{ g, arranged, fits }} />
        </tbody>
      </>
    ),
    [structure],
  );
  return (
    <div
      class="al-scroll al-map"
      ref={box}
      style={{ "--al-tile": `${tile}px`, "--al-line-height": `${line}px` }}
    >
      <p class="al-hint">{kinds}</p>
      <div class="al-sheet">
        <div
          class="al-map-drawing"
          style={{ width: `${columns * tile}px`, height: `${rows * line}px` }}
        >
          <Drawing key={`${columns} ${tile} ${rows}`} draw={draw} />
        </div>
        <table
          ref={table}
          key={structure}
          role="grid"
          aria-label={`All heads, ${kinds}`}
          onFocusIn={choose}
          onClick={choose}
          onKeyDown={onKeyDown}
        >
          {sheet}
        </table>
      </div>
    </div>
  );
}
