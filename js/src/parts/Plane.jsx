// Queries and keys as arrows in the plane of a head with two dimensions.
import { useEffect, useRef, useState } from "preact/hooks";
import { number, round } from "../core/format.js";
import { dot } from "../core/mathematics.js";

const SIZE = 300;
const CENTRE = SIZE / 2;
const LEAST_REACH = 3;
const ROOM = 1.35; // for names beyond the tips
const TINY = 6; // pixels: an arrow this short is drawn as a point
const GRAB = 22; // pixels: a finger is wide
const KEY_STEP = 0.1;
const NAMED_FROM = 0.12; // of the reach: shorter arrows crowd the middle

const reachOf = (vectors) =>
  Math.max(LEAST_REACH, ...vectors.flat().map((value) => Math.abs(value) * ROOM));

const same = (a, b) => a && b && a.kind === b.kind && a.token === b.token;

function Arrow({ item, at, strong, name }) {
  const [x, y] = at(item.vector);
  const length = Math.hypot(x - CENTRE, y - CENTRE);
  const mark = item.kind === "query" ? { d: "M0 0L-9 -4.5L-9 4.5Z" } : { d: "M-5 -5H4V4H-5Z" };
  const angle = (Math.atan2(y - CENTRE, x - CENTRE) * 180) / Math.PI;
  const kind = `al-arrow al-${item.kind} ${strong ? "al-strong" : ""}`;
  return (
    <g class={kind}>
      <line x1={CENTRE} y1={CENTRE} x2={x} y2={y} />
      {length < TINY ? (
        <circle cx={x} cy={y} r={2.5} />
      ) : (
        <path {...mark} transform={`translate(${x} ${y}) rotate(${angle})`} />
      )}
      {name && <text {...name}>{item.word}</text>}
    </g>
  );
}

/** Where a name may stand: beside the tip, above it, below it; never over the edge. */
function placesFor(x, y) {
  const inward = { x, "text-anchor": x > SIZE - 60 ? "end" : x < 60 ? "start" : "middle" };
  const beside = {
    x: x + (x < CENTRE ? -10 : 10),
    y: y + 4,
    "text-anchor": x < CENTRE ? "end" : "start",
  };
  const around = [
    { ...inward, y: y - 10 },
    { ...inward, y: y + 19 },
  ];
  return x > SIZE - 60 || x < 60 ? around : [beside, ...around];
}

/** Names that would lie on one another are moved or left out, the chosen arrows' last. */
function placeNames(items, at, reach, chosen) {
  const taken = [];
  const names = new Map();
  for (const item of [...items].sort((a, b) => chosen(b) - chosen(a))) {
    if (Math.hypot(...item.vector) < reach * NAMED_FROM && !chosen(item)) continue;
    const free = placesFor(...at(item.vector)).find((place) =>
      taken.every((other) => Math.abs(other.x - place.x) > 52 || Math.abs(other.y - place.y) > 12),
    );
    if (!free) continue;
    taken.push(free);
    names.set(item, free);
  }
  return names;
}

/** The selected key's foot on the line of the selected query: a dot product is a length times a length. */
function Projection({ query, keyVector, at }) {
  const norm = dot(query, query);
  if (norm === 0) return null;
  const along = dot(query, keyVector) / norm;
  const foot = at(query.map((value) => value * along));
  const [x, y] = at(keyVector);
  return (
    <g class="al-projection">
      <line x1={x} y1={y} x2={foot[0]} y2={foot[1]} />
      <circle cx={foot[0]} cy={foot[1]} r={3} />
    </g>
  );
}

function Axes({ reach }) {
  const unit = CENTRE / reach;
  const ticks = Array.from({ length: Math.floor(reach) }, (_, n) => n + 1).filter(
    (n) => reach < 8 || n % Math.ceil(reach / 6) === 0,
  );
  return (
    <g class="al-axes">
      <line x1={0} y1={CENTRE} x2={SIZE} y2={CENTRE} />
      <line x1={CENTRE} y1={0} x2={CENTRE} y2={SIZE} />
      {ticks
        .slice(0, 12)
        .flatMap((n) => [
          <line x1={CENTRE + n * unit} x2={CENTRE + n * unit} y1={CENTRE - 3} y2={CENTRE + 3} />,
          <line x1={CENTRE - n * unit} x2={CENTRE - n * unit} y1={CENTRE - 3} y2={CENTRE + 3} />,
          <line y1={CENTRE + n * unit} y2={CENTRE + n * unit} x1={CENTRE - 3} x2={CENTRE + 3} />,
          <line y1={CENTRE - n * unit} y2={CENTRE - n * unit} x1={CENTRE - 3} x2={CENTRE + 3} />,
        ])}
      <text x={4} y={CENTRE + 14}>
        dimension 1
      </text>
      <text x={CENTRE + 6} y={SIZE - 6}>
        dimension 2
      </text>
    </g>
  );
}

/**
 * `q`, `k`: (n_tokens, 2). `pick`: {kind, token} of the arrow the keys move. `selected`: [query, key].
 * `onMove(kind, token, target)` asks for the projection to be changed so that the arrow ends there.
 */
export function Plane({ words, q, k, pick, selected, onPick, onMove }) {
  const svg = useRef(null);
  const [held, setHeld] = useState(null);
  const drawn = useRef(new Map()).current;
  const reach = held?.reach ?? reachOf([...q, ...k]);
  const unit = CENTRE / reach;
  const at = ([a, b]) => [CENTRE + a * unit, CENTRE - b * unit];
  const items = [
    ...k.map((vector, token) => ({ kind: "key", token, vector, word: words[token] })),
    ...q.map((vector, token) => ({ kind: "query", token, vector, word: words[token] })),
  ];
  const isSelected = (item) =>
    selected !== null && item.token === selected[item.kind === "query" ? 0 : 1];
  const chosen = (item) => (same(item, pick) ? 2 : isSelected(item) ? 1 : 0);
  const names = placeNames(items, at, reach, chosen);
  const moved = items.find((item) => same(item, pick));

  const locate = (event) => {
    const box = svg.current.getBoundingClientRect();
    const scale = SIZE / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  };
  const nearest = (event) => {
    const [x, y] = locate(event);
    return items
      .map((item) => ({ item, far: Math.hypot(at(item.vector)[0] - x, at(item.vector)[1] - y) }))
      .filter(({ far }) => far < GRAB)
      .sort((a, b) => a.far - 6 * chosen(a.item) - (b.far - 6 * chosen(b.item)))[0];
  };
  const grabs = useRef(nearest);
  grabs.current = nearest;
  useEffect(() => {
    // A finger on an arrow drags it; a finger anywhere else scrolls the page.
    const hold = (event) => grabs.current(event.touches[0]) && event.preventDefault();
    svg.current.addEventListener("touchstart", hold, { passive: false });
    return () => svg.current?.removeEventListener("touchstart", hold);
  }, []);
  const onPointerDown = (event) => {
    const near = nearest(event);
    if (!near) return;
    svg.current.setPointerCapture(event.pointerId);
    onPick({ kind: near.item.kind, token: near.item.token });
    setHeld({ kind: near.item.kind, token: near.item.token, reach });
  };
  const onPointerMove = (event) => {
    if (!held) return;
    const [x, y] = locate(event);
    onMove(
      held.kind,
      held.token,
      [(x - CENTRE) / unit, (CENTRE - y) / unit].map((v) => round(v, 2)),
    );
  };
  const release = () => setHeld(null);
  const onKeyDown = (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (!(event.key in step)) return;
    event.preventDefault();
    const target = moved.vector.map((value, d) => round(value + step[event.key][d] * KEY_STEP));
    onMove(pick.kind, pick.token, target);
  };
  // An arrow that stays where it was is the same element: a drag moves few of them.
  const arrow = (item) => {
    const key = `${item.kind}${item.token}`;
    const strong = chosen(item) > 0;
    const name = names.get(item);
    const look = JSON.stringify([item.vector, item.word, reach, strong, name]);
    if (drawn.get(key)?.look !== look)
      drawn.set(key, { look, arrow: <Arrow key={key} {...{ item, at, strong, name }} /> });
    return drawn.get(key).arrow;
  };
  return (
    <div class="al-plane">
      <svg
        ref={svg}
        viewBox={`0 0 ${SIZE} ${SIZE}`}
        tabindex={0}
        role="application"
        aria-roledescription="plane of queries and keys"
        aria-label={`${pick.kind} ${moved.word} at ${number(moved.vector[0])}, ${number(moved.vector[1])}. Arrow keys move it.`}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={release}
        onPointerCancel={release}
        onKeyDown={onKeyDown}
      >
        <Axes reach={reach} />
        {selected && <Projection query={q[selected[0]]} keyVector={k[selected[1]]} at={at} />}
        {[...items].sort((a, b) => chosen(a) - chosen(b)).map(arrow)}
        <circle
          class={`al-handle al-${pick.kind}`}
          cx={at(moved.vector)[0]}
          cy={at(moved.vector)[1]}
          r={9}
        />
      </svg>
      <label class="al-field">
        <span>Arrow keys move</span>
        <select
          value={`${pick.kind} ${pick.token}`}
          onChange={(event) => {
            const [kind, token] = event.currentTarget.value.split(" ");
            onPick({ kind, token: Number(token) });
          }}
        >
          {["query", "key"].map((kind) => (
            <optgroup label={kind === "query" ? "queries" : "keys"}>
              {words.map((word, token) => (
                <option value={`${kind} ${token}`}>
                  {kind} {word}
                </option>
              ))}
            </optgroup>
          ))}
        </select>
      </label>
    </div>
  );
}
