// Rotary positions: dials that turn at different speeds, and a score that sees the distance alone.
import { number } from "../../core/format.js";
import { dot } from "../../core/mathematics.js";
import { frequency, rotate } from "../../core/positions.js";

export const LAST = 60; // the last position on the sliders
const DIAL = { size: 110, centre: 55, radius: 46 };
const CHART = { width: 560, height: 150, foot: 20, left: 30 };

function Hand({ pair, full, kind }) {
  const [x, y] = pair.map((value) => (value / full) * DIAL.radius);
  return (
    <line
      class={`al-hand al-${kind}`}
      x1={DIAL.centre}
      y1={DIAL.centre}
      x2={DIAL.centre + x}
      y2={DIAL.centre - y}
    />
  );
}

function Dial({ i, q, k, d }) {
  const [a, b] = [q, k].map((vector) => vector.slice(2 * i, 2 * i + 2));
  const full = Math.max(Math.hypot(...a), Math.hypot(...b)) || 1;
  const degrees = (frequency(i, d) * 180) / Math.PI;
  const text = `Pair ${i + 1}: turns by ${number(degrees, degrees < 1 ? 2 : 1)} degrees a position, adds ${number(dot(a, b))}`;
  return (
    <figure class="al-dial">
      <svg viewBox={`0 0 ${DIAL.size} ${DIAL.size}`} role="img" aria-label={text}>
        <circle cx={DIAL.centre} cy={DIAL.centre} r={DIAL.radius} />
        <Hand pair={a} full={full} kind="query" />
        <Hand pair={b} full={full} kind="key" />
      </svg>
      <figcaption>
        {number(degrees, degrees < 1 ? 2 : 1)}° a position
        <br />
        adds <strong>{number(dot(a, b))}</strong>
      </figcaption>
    </figure>
  );
}

/** The score for every distance the sliders allow; it does not depend on where the two stand. */
export function scoresByDistance(q, k) {
  return Array.from({ length: 2 * LAST + 1 }, (_, n) => dot(rotate(q, n - LAST), k));
}

function Curve({ scores, distance }) {
  const [low, high] = [Math.min(...scores, 0), Math.max(...scores, 0)];
  const x = (d) => CHART.left + ((d + LAST) / (2 * LAST)) * (CHART.width - CHART.left - 4);
  const y = (v) =>
    CHART.height - CHART.foot - ((v - low) / (high - low || 1)) * (CHART.height - CHART.foot - 10);
  const path = scores.map((v, n) => `${n ? "L" : "M"}${x(n - LAST).toFixed(1)} ${y(v).toFixed(1)}`);
  return (
    <svg
      class="al-curve"
      viewBox={`0 0 ${CHART.width} ${CHART.height}`}
      role="img"
      aria-label={`Score against distance; at ${distance} it is ${number(scores[distance + LAST])}`}
    >
      <line x1={CHART.left} x2={CHART.width} y1={y(0)} y2={y(0)} />
      <path d={path.join("")} />
      <circle cx={x(distance)} cy={y(scores[distance + LAST])} r={6} />
      {[-LAST, -LAST / 2, 0, LAST / 2, LAST].map((d) => (
        <text x={x(d)} y={CHART.height - 4} text-anchor="middle">
          {number(d, 0)}
        </text>
      ))}
      <text x={2} y={y(0) - 4}>
        0
      </text>
    </svg>
  );
}

function Slider({ label, kind, value, onChange }) {
  return (
    <label class="al-field">
      <span class={`al-${kind}`}>{label}</span>
      <input
        type="range"
        min={0}
        max={LAST}
        step={1}
        value={value}
        aria-label={label}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
      />
      <strong>{value}</strong>
    </label>
  );
}

/** `g.q`, `g.k`: the vectors before they are turned. */
export function Rotary({ s, g, voice }) {
  const [q, k] = [g.q.value, g.k.value];
  const [m, n] = [s.at_query.value, s.at_key.value];
  const [turnedQ, turnedK] = [rotate(q, m), rotate(k, n)];
  const score = dot(turnedQ, turnedK);
  const both = (step) => {
    if (Math.max(m, n) + step > LAST || Math.min(m, n) + step < 0)
      return voice.tell(`One of them would leave the ${LAST} places that are shown.`, true);
    s.at_query.value = m + step;
    s.at_key.value = n + step;
    voice.speak(`Both moved by ${step}. The score is still ${number(score)}.`);
  };
  return (
    <div>
      <div class="al-controls" data-not-in-picture>
        <Slider
          label="the query stands at"
          kind="query"
          value={m}
          onChange={(value) => (s.at_query.value = value)}
        />
        <Slider
          label="the key stands at"
          kind="key"
          value={n}
          onChange={(value) => (s.at_key.value = value)}
        />
        <button type="button" onClick={() => both(-1)}>
          both one back
        </button>
        <button type="button" onClick={() => both(1)}>
          both one on
        </button>
        <label class="al-switch">
          <input
            type="checkbox"
            checked={s.alike.value}
            onChange={(event) => (s.alike.value = event.currentTarget.checked)}
          />
          the key is like the query
        </label>
      </div>
      <div data-picture>
        <div class="al-row">
          {Array.from({ length: q.length / 2 }, (_, i) => (
            <Dial i={i} q={turnedQ} k={turnedK} d={q.length} />
          ))}
        </div>
        <p class="al-reading">
          Score: <strong>{number(score)}</strong>, the sum of the {q.length / 2} pairs. The query
          stands {number(m - n, 0)} after the key.
        </p>
        <p class="al-strip-title">score against distance</p>
        <Curve scores={g.curve.value} distance={m - n} />
      </div>
    </div>
  );
}
