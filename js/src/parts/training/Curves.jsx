// What was learned, and when: three drawings over the steps, one under the other.
import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { number } from "../../core/format.js";
import { Drawing } from "../Drawing.jsx";

const WIDTH = 420;
const PANEL = 140;
const LEFT = 42;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 26;

const DASHED = [6, 4];
const DOTTED = [2, 3];

/** What each panel draws: a line for each `of`, which reads one exam. */
export const PANELS = [
  {
    title: "Loss, nats a word",
    top: 4,
    ticks: [0, 2, 4],
    lines: [
      { name: "all words", ink: "query", of: (exam) => exam.loss },
      { name: "words the text settles", ink: "weight", of: (exam) => exam.settledLoss },
    ],
    levels: [
      { name: "counting pairs", ink: "muted", dash: DOTTED, of: "pairs" },
      { name: "the bound", ink: "muted", dash: DASHED, of: "bound" },
    ],
  },
  {
    title: "Right guesses, share",
    top: 1,
    ticks: [0, 0.5, 1],
    lines: [
      { name: "copying", ink: "positive", of: (exam) => exam.copying },
      { name: "sense", ink: "query", dash: DOTTED, of: (exam) => exam.sense },
    ],
    control: {
      name: "copying, control",
      ink: "positive",
      dash: DASHED,
      of: (exam) => exam.copying,
    },
  },
  {
    title: "The best head’s score",
    top: 1,
    ticks: [0, 0.5, 1],
    lines: [
      {
        name: "previous word, layer 0",
        ink: "key",
        of: (exam) => Math.max(...exam.previousWord[0]),
      },
      {
        name: "prefix matching, layer 1",
        ink: "negative",
        dash: DASHED,
        of: (exam) => (exam.prefixMatching[1] ? Math.max(...exam.prefixMatching[1]) : null),
      },
    ],
  },
];

const down = (value, top) => PANEL - BOTTOM - (Math.min(value, top) / top) * (PANEL - BOTTOM - TOP);

function across(step, steps) {
  return LEFT + (step / steps) * (WIDTH - LEFT - RIGHT);
}

function trace(pen, points, style) {
  points.slice(1).forEach(([x, y], n) => pen.line(...points[n], x, y));
  pen.stroke({ width: 2, ...style });
}

function drawAxes(pen, { top, ticks }, steps) {
  for (const tick of ticks) {
    pen.line(LEFT, down(tick, top), WIDTH - RIGHT, down(tick, top));
    pen.name(
      number(tick, top > 1 ? 0 : 1),
      { x: LEFT - 6, y: down(tick, top) + 0.35 * pen.letters, anchor: "end" },
      { ink: "muted" },
    );
  }
  pen.stroke({ ink: "line" });
  for (const share of [0, 0.5, 1]) {
    const step = Math.round(share * steps);
    const anchor = share === 0 ? "start" : share === 1 ? "end" : "middle";
    pen.name(String(step), { x: across(step, steps), y: PANEL - 6, anchor }, { ink: "muted" });
  }
}

function drawPanel(pen, panel, { exams, losses, control, levels, step, steps }) {
  pen.clear();
  drawAxes(pen, panel, steps);
  const points = (list, of) =>
    list
      .map((exam) => [exam.step, of(exam)])
      .filter(([, value]) => value !== null)
      .map(([at, value]) => [across(at, steps), down(value, panel.top)]);
  for (const { of, ink, dash } of panel.levels ?? []) {
    const y = down(levels[of], panel.top);
    trace(
      pen,
      [
        [LEFT, y],
        [WIDTH - RIGHT, y],
      ],
      { ink, dash, width: 1.5 },
    );
  }
  if (panel.levels) {
    const batch = losses.map((loss, n) => [across(n + 1, steps), down(loss, panel.top)]);
    trace(pen, batch, { ink: "weight", width: 1, opacity: 0.35 });
  }
  if (panel.control && control.length) trace(pen, points(control, panel.control.of), panel.control);
  for (const line of panel.lines) trace(pen, points(exams, line.of), line);
  pen.line(across(step, steps), TOP - 6, across(step, steps), PANEL - BOTTOM);
  pen.stroke({ ink: "ink", width: 1 });
}

/** A stroke of the line that it explains; colour is never alone. */
function Key({ name, ink, dash }) {
  return (
    <span class="al-curve-key">
      <svg width="26" height="8" aria-hidden="true">
        <line
          x1="0"
          y1="4"
          x2="26"
          y2="4"
          stroke-width="2.5"
          stroke-dasharray={dash?.join(" ")}
          style={`stroke:var(--al-${ink})`}
        />
      </svg>
      {name}
    </span>
  );
}

function Panel({ panel, told, hasControl }) {
  const draw = useMemo(() => (pen) => drawPanel(pen, panel, told.value), []);
  const lines = [
    ...panel.lines,
    ...(panel.levels ?? []),
    ...(hasControl && panel.control ? [panel.control] : []),
  ];
  return (
    <div class="al-curve">
      <p class="al-strip-title">{panel.title}</p>
      <Drawing class="al-curve-drawing" units={WIDTH} draw={draw} set />
      <p class="al-curve-keys">{lines.map(Key)}</p>
    </div>
  );
}

/** `g.curves` is a signal of what is drawn. */
export function Curves({ g }) {
  const hasControl = useMemo(() => computed(() => g.curves.value.control.length > 0), []);
  return (
    <div class="al-curves">
      {PANELS.map((panel) => (
        <Panel panel={panel} told={g.curves} hasControl={hasControl.value} />
      ))}
    </div>
  );
}
