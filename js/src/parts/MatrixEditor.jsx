// A matrix whose cells the reader changes: by dragging sideways, typing, or the keys.
import { computed, effect, signal } from "@preact/signals";
import { useMemo, useRef, useState, useLayoutEffect } from "preact/hooks";
import { number, short, parse, round } from "../core/format.js";
import { runsCell } from "../core/keys.js";
import { NAMES_AFTER, unhurried } from "../core/rest.js";
import { Slider } from "./Slider.jsx";
import { Drawing } from "./Drawing.jsx";
import { writeSteady } from "./Steady.jsx";
import { useDrag } from "./useDrag.js";
import { useUnhurried } from "./useUnhurried.js";

export const LARGEST = 1000;
const STEP = 0.1;
const BIG_STEP = 1;
const PIXELS_PER_STEP = 4;
const FULL_COLOUR = 3;
const STRONGEST = 0.45; // of the full colour
const EDGE = 1; // pixels of a cell that are its rim

/** Colour for a signed number: by sign, and stronger the larger it is. */
const tint = (value, full) => ({
  ink: value < 0 ? "negative" : "positive",
  opacity: Math.min(1, Math.abs(value) / full) * STRONGEST,
});

/** The same as CSS that follows the theme: what is laid over a cell mixes in sRGB. */
export function signedFill(value, full = FULL_COLOUR) {
  const { ink, opacity } = tint(value, full);
  return `color-mix(in srgb, var(--al-${ink}) ${round(opacity * 100, 1)}%, var(--al-cell))`;
}

function accept(text, voice) {
  const value = parse(text);
  if (Number.isNaN(value)) {
    voice.tell(`“${text}” is not a number. Write one such as 2.5 or −1.`, true);
    return null;
  }
  if (Math.abs(value) > LARGEST) {
    voice.tell(`${text} is outside −${LARGEST} to ${LARGEST}. The value was kept.`, true);
    return null;
  }
  return value;
}

function CellInput({ start, label, onDone, onCancel }) {
  const input = useRef(null);
  const settled = useRef(false); // removing a focused input blurs it: settle once only
  useLayoutEffect(() => {
    input.current.focus();
    if (start.selected) input.current.select();
    else input.current.setSelectionRange(start.text.length, start.text.length);
  }, []);
  const settle = (action) => {
    if (settled.current) return;
    settled.current = true;
    action(input.current.value);
  };
  const onKeyDown = (event) => {
    if (!["Escape", "Enter"].includes(event.key)) return;
    event.preventDefault();
    settle(event.key === "Enter" ? onDone : onCancel);
  };
  return (
    <input
      ref={input}
      class="al-cell-input"
      aria-label={label}
      inputMode="decimal"
      defaultValue={start.text}
      onKeyDown={onKeyDown}
      onBlur={() => settle(onDone)}
    />
  );
}

/** Dragging a cell sideways; `valueOf()` gives its number. */
function useDraggedNumber(cell, valueOf, onChange) {
  return useDrag(cell, {
    grab: ({ clientX }) => ({ x: clientX, value: valueOf(), moved: false }),
    onMove: (drag, { clientX }) => {
      const steps = Math.round((clientX - drag.x) / PIXELS_PER_STEP);
      if (steps === 0 && !drag.moved) return;
      drag.moved = true;
      onChange(round(drag.value + steps * STEP));
    },
  });
}

/** The hands on a cell; what it shows is written by `useWriting`. `valueOf()` gives its number. */
function Cell({ valueOf, label, index, active, onChange, onSelect, onWalk, voice }) {
  const [editing, setEditing] = useState(null);
  const cell = useRef(null);
  const clamp = (next) => Math.max(-LARGEST, Math.min(LARGEST, next));
  const change = (next) => onChange(round(clamp(next)));
  const drag = useDraggedNumber(cell, valueOf, change);
  const finish = (text) => {
    const typing = cell.current.contains(document.activeElement);
    setEditing(null);
    if (typing) cell.current.focus();
    const accepted = accept(text, voice);
    if (accepted !== null && accepted !== valueOf()) onChange(accepted);
  };
  const onKeyDown = (event) => {
    const steps = { "+": STEP, "=": STEP, "-": -STEP, _: -STEP };
    const bigSteps = { PageUp: BIG_STEP, PageDown: -BIG_STEP };
    if (event.target !== cell.current) return; // it types
    if (event.ctrlKey || event.metaKey || event.altKey || runsCell(event)) return;
    if (event.key in steps) change(valueOf() + steps[event.key]);
    else if (event.key in bigSteps) change(valueOf() + bigSteps[event.key]);
    else if (event.key === "Delete" || event.key === "Backspace") change(0);
    else if (event.key === "Enter") setEditing({ text: short(valueOf()), selected: true });
    else if (/^[0-9.,]$/.test(event.key)) setEditing({ text: event.key, selected: false });
    else if (!onWalk(event.key)) return;
    event.preventDefault();
  };
  return (
    <td
      ref={cell}
      role="gridcell"
      data-index={index}
      tabIndex={active ? 0 : -1}
      onFocus={onSelect}
      onKeyDown={onKeyDown}
      onDblClick={() => setEditing({ text: short(valueOf()), selected: true })}
      {...(editing ? {} : drag)}
    >
      <span class="al-steady" />
      {editing && (
        <CellInput
          start={editing}
          label={label}
          onDone={finish}
          onCancel={() => {
            setEditing(null);
            cell.current.focus();
          }}
        />
      )}
    </td>
  );
}

/** Where an arrow key leads from (row, column); null where it leads nowhere. */
export function walk(key, [row, column], [rows, columns]) {
  const to = {
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    Home: [row, 0],
    End: [row, columns - 1],
  }[key];
  if (!to) return null;
  return [Math.max(0, Math.min(rows - 1, to[0])), Math.max(0, Math.min(columns - 1, to[1]))];
}

/** A finger has no + key and a wide thumb: the chosen cell can be changed below the matrix too. */
function Stepper({ name, label, value, onChange, voice }) {
  const set = (next) => onChange(round(Math.max(-LARGEST, Math.min(LARGEST, next))));
  const box = useRef(null);
  useUnhurried(value, (now) => {
    const slider = box.current.querySelector("input");
    slider.value = now;
    slider.setAttribute("aria-valuetext", number(now));
  });
  return (
    <div
      ref={box}
      class="al-stepper"
      data-not-in-picture
      role="group"
      aria-label={`${name}, chosen cell`}
    >
      <span class="al-stepper-label">{label}</span>
      <button
        type="button"
        aria-label={`${name} ${label}: less`}
        onClick={() => set(value.peek() - STEP)}
      >
        −
      </button>
      <Slider
        min={-5}
        max={5}
        step={STEP}
        value={value.peek()}
        aria-label={`${name} ${label}`}
        aria-valuetext={number(value.peek())}
        onInput={(event) => set(Number(event.currentTarget.value))}
      />
      <button
        type="button"
        aria-label={`${name} ${label}: more`}
        onClick={() => set(value.peek() + STEP)}
      >
        +
      </button>
    </div>
  );
}

/** Rows and columns of `matrix`, a signal; whoever reads them is rendered anew only when they change. */
function useShape(matrix) {
  const shape = useMemo(
    () => computed(() => [matrix.value.length, matrix.value[0].length].join()),
    [matrix],
  );
  return shape.value.split(",").map(Number);
}

/** Where the cells of `table` are, without their rims: `[x, y, width, height]` in whole pixels. */
function boxesIn(table) {
  const origin = table.getBoundingClientRect();
  return [...table.querySelectorAll("[data-index]")].map((cell) => {
    const { left, top, right, bottom } = cell.getBoundingClientRect();
    const [x, far] = [left + EDGE, right - EDGE].map((at) => Math.round(at - origin.left));
    const [y, low] = [top + EDGE, bottom - EDGE].map((at) => Math.round(at - origin.top));
    return [x, y, far - x, low - y];
  });
}

/** The colours of the cells are one drawing below them: a drag then changes no style. */
function useColours(table, matrix, shape) {
  const boxes = useMemo(() => signal(null), []);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => (boxes.value = boxesIn(table.current)));
    observer.observe(table.current);
    return () => observer.disconnect();
  }, [shape.join()]);
  return useMemo(() => {
    let drawn = {};
    return (pen, anew) => {
      const [at, values] = [boxes.value, matrix.value.flat()];
      if (at?.length !== values.length) return;
      const before = anew || drawn.at !== at ? [] : drawn.values;
      if (!before.length) pen.clear();
      values.forEach((value, n) => {
        if (value === before[n]) return;
        const [x, y, width, height] = at[n];
        pen.clear(x - EDGE, y - EDGE, width + 2 * EDGE, height + 2 * EDGE);
        for (const colour of [{ ink: "cell" }, tint(value, FULL_COLOUR)]) {
          pen.box(...at[n]);
          pen.fill(colour);
        }
      });
      drawn = { at, values };
    };
  }, [matrix]);
}

function writeNumber(cell, value) {
  if (cell.value === value) return;
  cell.value = value;
  writeSteady(cell.firstChild, short(value));
}

/** What a drag changes is written without rendering, one effect for all cells. */
function useWriting(table, { matrix, shape, lit, mark, labelOf }) {
  useLayoutEffect(() => {
    const cells = [...table.current.querySelectorAll("[data-index]")].map((cell) => {
      const [i, d] = cell.dataset.index.split(",").map(Number);
      return { cell, i, d };
    });
    const names = unhurried(NAMES_AFTER);
    const stops = [
      effect(() => {
        const rows = matrix.value;
        if (rows.length !== shape[0] || rows[0].length !== shape[1]) return; // about to be rendered
        for (const { cell, i, d } of cells) writeNumber(cell, rows[i][d]);
        names.run(() => {
          for (const { cell, i, d } of cells)
            cell.setAttribute("aria-label", `${labelOf(i, d)}: ${number(rows[i][d])}`);
        });
      }),
      effect(() => {
        for (const { cell, i, d } of cells)
          cell.className = `al-cell al-editable ${lit?.(i, d) ? "al-lit" : ""} ${mark?.(i, d) ?? ""}`;
      }),
    ];
    return () => {
      names.cancel();
      stops.forEach((stop) => stop());
    };
  }, [matrix, shape.join(), lit, labelOf(0, 0)]);
}

/**
 * @param {{name: string, matrix: import("@preact/signals").Signal<number[][]>, rowLabels: string[],
 *   kind: "query" | "key", columnLabels?: string[], lit?: (row: number, column: number) => boolean,
 *   mark?: (row: number, column: number) => string, onChange: Function, voice: object}} props `lit` and
 *   `mark`, which gives classes of a cell, read signals
 */
export function MatrixEditor({
  name,
  matrix,
  rowLabels,
  columnLabels,
  kind,
  lit,
  mark,
  onChange,
  voice,
}) {
  const [at, setAt] = useState([0, 0]);
  const table = useRef(null);
  const shape = useShape(matrix);
  const [row, column] = [Math.min(at[0], shape[0] - 1), Math.min(at[1], shape[1] - 1)];
  const nameOf = (d) => columnLabels?.[d] ?? d + 1;
  const labelOf = (i, d) => `${name} ${rowLabels[i]}, ${nameOf(d)}`;
  const chosen = useMemo(
    () => computed(() => matrix.value[row]?.[column] ?? 0),
    [matrix, row, column],
  );
  useWriting(table, { matrix, shape, lit, mark, labelOf });
  const draw = useColours(table, matrix, shape);
  const change = (i, d, value) => {
    voice.speakAtRest(() => `${labelOf(i, d)}: ${number(value)}`);
    onChange(matrix.peek().map((r, a) => (a === i ? r.map((v, b) => (b === d ? value : v)) : r)));
  };
  const go = (key, from) => {
    const to = walk(key, from, shape);
    if (!to) return false;
    setAt(to);
    table.current.querySelector(`[data-index="${to}"]`).focus();
    return true;
  };
  return (
    <div class={`al-matrix al-${kind}`}>
      <div class="al-sheet">
        <Drawing class="al-dots" draw={draw} />
        <table ref={table} role="grid" aria-label={`${name}, ${shape[0]} by ${shape[1]}`}>
          <caption aria-hidden="true">{name}</caption>
          <thead>
            <tr>
              <td class="al-corner" role="presentation" />
              {Array.from({ length: shape[1] }, (_, d) => (
                <th scope="col" class={columnLabels ? "al-slanted" : ""}>
                  <span>{nameOf(d)}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: shape[0] }, (_, i) => (
              <tr>
                <th scope="row">{rowLabels[i]}</th>
                {Array.from({ length: shape[1] }, (_, d) => (
                  <Cell
                    valueOf={() => matrix.peek()[i][d]}
                    label={labelOf(i, d)}
                    index={[i, d].toString()}
                    active={row === i && column === d}
                    onSelect={() => setAt([i, d])}
                    onWalk={(key) => go(key, [i, d])}
                    onChange={(next) => change(i, d, next)}
                    voice={voice}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Stepper
        name={name}
        label={`${rowLabels[row]}, ${nameOf(column)}`}
        value={chosen}
        onChange={(next) => change(row, column, next)}
        voice={voice}
      />
    </div>
  );
}
