// Rotary positions: dials that turn at different speeds, and a score that sees the distance alone.
import { computed } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { number } from "../../core/format.js";
import { dot } from "../../core/mathematics.js";
import { frequency, rotate } from "../../core/positions.js";
import { Slider } from "../Slider.jsx";
import { Steady } from "../Steady.jsx";
import { useName } from "../useName.js";
import { Switch } from "../Switch.jsx";

export const LAST = 60; // the last position on the sliders
const DIAL = { size: 110, centre: 55, radius: 46 };
const CHART = { width: 560, height: 160, foot: 24, left: 42, right: 22, top: 14 };
const TICKS = [-LAST, -LAST / 2, 0, LAST / 2, LAST];

/** One pair of a vector, drawn from the centre; `full` is the length of the dial's radius. */
function Hand({ pair, full, kind }) {
  const end = (read) => computed(() => read(pair.value.map((v) => (v / full.value) * DIAL.radius)));
  const [x2, y2] = useMemo(
    () => [end(([x]) => DIAL.centre + x), end(([, y]) => DIAL.centre - y)],
    [pair, full],
  );
  return <line class={`al-hand al-${kind}`} x1={DIAL.centre} y1={DIAL.centre} x2={x2} y2={y2} />;
}

function Dial({ i, d, g }) {
  const svg = useRef(null);
  const degrees = (frequency(i, d) * 180) / Math.PI;
  const speed = number(degrees, degrees < 1 ? 2 : 1);
  const { a, b, full, adds, text } = useMemo(() => {
    const pairOf = (vector) => computed(() => vector.value.slice(2 * i, 2 * i + 2));
    const [a, b] = [g.turnedQ, g.turnedK].map(pairOf);
    const full = computed(() => Math.max(Math.hypot(...a.value), Math.hypot(...b.value)) || 1);
    const adds = computed(() => number(dot(a.value, b.value)));
    const turns = `Pair ${i + 1}: turns by ${speed} degrees a position`;
    return { a, b, full, adds, text: computed(() => `${turns}, adds ${adds.value}`) };
  }, []);
  useName(svg, text);
  return (
    <figure class="al-dial">
      <svg ref={svg} viewBox={`0 0 ${DIAL.size} ${DIAL.size}`} role="img">
        <circle cx={DIAL.centre} cy={DIAL.centre} r={DIAL.radius} />
        <Hand pair={a} full={full} kind="query" />
        <Hand pair={b} full={full} kind="key" />
      </svg>
      <figcaption>
        {speed}° a position
        <br />
        adds{" "}
        <strong>
          <Steady text={adds} />
        </strong>
      </figcaption>
    </figure>
  );
}

/** The score for every distance the sliders allow; it does not depend on where the two stand. */
export function scoresByDistance(q, k) {
  return Array.from({ length: 2 * LAST + 1 }, (_, n) => dot(rotate(q, n - LAST), k));
}

const inner = CHART.width - CHART.left - CHART.right;
const across = (distance) => CHART.left + ((distance + LAST) / (2 * LAST)) * inner;

/** Where a score stands on the chart, as a function. */
function heights(scores) {
  const [low, high] = [Math.min(...scores, 0), Math.max(...scores, 0)];
  const room = CHART.height - CHART.foot - CHART.top;
  return (score) => CHART.top + ((high - score) / (high - low || 1)) * room;
}

/** The curve without the point that moves along it. */
function Ground({ scores }) {
  const y = heights(scores);
  const points = scores.map((v, n) => `${across(n - LAST).toFixed(1)} ${y(v).toFixed(1)}`);
  const high = Math.max(...scores, 0);
  return (
    <>
      <line x1={CHART.left} x2={CHART.width - CHART.right} y1={y(0)} y2={y(0)} />
      <path d={`M${points.join("L")}`} />
      {TICKS.map((distance) => (
        <text x={across(distance)} y={CHART.height - 4} text-anchor="middle">
          {number(distance, 0)}
        </text>
      ))}
      {[0, high].map((score) => (
        <text x={CHART.left - 6} y={y(score) + 5} text-anchor="end">
          {number(score, score ? 1 : 0)}
        </text>
      ))}
    </>
  );
}

function Curve({ curve, distance }) {
  const { x, y, text } = useMemo(() => {
    const here = computed(() => curve.value[distance.value + LAST]);
    return {
      x: computed(() => across(distance.value)),
      y: computed(() => heights(curve.value)(here.value)),
      text: computed(
        () => `Score against distance; at ${number(distance.value, 0)} it is ${number(here.value)}`,
      ),
    };
  }, []);
  const scores = curve.value;
  const svg = useRef(null);
  useName(svg, text);
  return (
    <svg ref={svg} class="al-curve" viewBox={`0 0 ${CHART.width} ${CHART.height}`} role="img">
      <Ground scores={scores} />
      <line class="al-point" x1={x} x2={x} y1={y} y2={y} />
    </svg>
  );
}

/** `at` is the signal of a place. */
function Place({ label, kind, at, onMoved }) {
  const text = useMemo(() => computed(() => `${at.value}`), [at]);
  return (
    <label class="al-field">
      <span class={`al-${kind}`}>{label}</span>
      <Slider
        min={0}
        max={LAST}
        step={1}
        value={at}
        aria-label={label}
        onInput={(event) => {
          at.value = Number(event.currentTarget.value);
          onMoved();
        }}
      />
      <strong>
        <Steady text={text} room={2} />
      </strong>
    </label>
  );
}

function Controls({ s, score, voice }) {
  const told = () => {
    voice.speakAtRest(() => {
      const [m, n] = [s.at_query.value, s.at_key.value];
      return `query at ${m}, key at ${n}: score ${number(score.value)}`;
    });
  };
  const both = (step) => {
    const places = [s.at_query.value + step, s.at_key.value + step];
    if (Math.max(...places) > LAST || Math.min(...places) < 0)
      return voice.tell(`One of them would leave the places that are shown, 0 to ${LAST}.`, true);
    [s.at_query.value, s.at_key.value] = places;
    voice.speak(`Both moved by ${number(step, 0)}. The score is still ${number(score.value)}.`);
  };
  return (
    <div class="al-controls" data-not-in-picture>
      <Place label="the query stands at" kind="query" at={s.at_query} onMoved={told} />
      <Place label="the key stands at" kind="key" at={s.at_key} onMoved={told} />
      <button type="button" onClick={() => both(-1)}>
        both one back
      </button>
      <button type="button" onClick={() => both(1)}>
        both one on
      </button>
      <Switch
        label="the key is like the query"
        on={s.alike.value}
        onChange={(on) => {
          s.alike.value = on;
          told();
        }}
      />
    </div>
  );
}

const where = (distance) =>
  distance ? `${Math.abs(distance)} ${distance > 0 ? "after" : "before"} the key` : "with the key";

/** `g.q`, `g.k`: the vectors before they are turned; `g.turnedQ`, `g.turnedK`: after. */
export function Rotary({ s, g, voice }) {
  const { distance, score, stands } = useMemo(() => {
    const distance = computed(() => s.at_query.value - s.at_key.value);
    const score = computed(() => number(g.score.value));
    return { distance, score, stands: computed(() => where(distance.value)) };
  }, []);
  const d = g.q.value.length;
  return (
    <div>
      <Controls s={s} score={g.score} voice={voice} />
      <div data-picture>
        <div class="al-row">
          {Array.from({ length: d / 2 }, (_, i) => (
            <Dial {...{ i, d, g }} />
          ))}
        </div>
        <p class="al-reading">
          Score, the sum of the {d / 2} pairs:{" "}
          <strong>
            <Steady text={score} />
          </strong>
        </p>
        <p>
          The query stands <Steady text={stands} />
        </p>
        <p class="al-strip-title">score against distance (query minus key)</p>
        <Curve curve={g.curve} distance={distance} />
      </div>
    </div>
  );
}
