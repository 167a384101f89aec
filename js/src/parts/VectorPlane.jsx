// Vectors in a plane: arrows from anywhere to anywhere, a shaded hull, and some tips to drag.
import { useEffect, useRef, useState } from "preact/hooks";
import { round } from "../core/format.js";
import { SIZE, labels, convexHull, frame, placeNames, ticks } from "./vectors.js";

const GRAB = 22; // pixels: a finger is wide
const KEY_STEP = 0.1;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const TINY = 7; // pixels: an arrow this short has no head
const ORIGIN = [0, 0];

function Arrow({ from, to, kind }) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const angle = (Math.atan2(dy, dx) * 180) / Math.PI;
  return (
    <g class={`al-vector al-vector-${kind}`}>
      <line x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]} />
      {Math.hypot(dx, dy) >= TINY && (
        <path
          d="M0 0L-9 -4.5L-9 4.5Z"
          transform={`translate(${to[0]} ${to[1]}) rotate(${angle})`}
        />
      )}
    </g>
  );
}

function Grid({ at, across, up, names }) {
  const [x, y] = at(ORIGIN);
  return (
    <g class="al-axes">
      <line x1={0} y1={y} x2={SIZE} y2={y} />
      <line x1={x} y1={0} x2={x} y2={SIZE} />
      {across.map((n) => (
        <line x1={at([n, 0])[0]} x2={at([n, 0])[0]} y1={y - 3} y2={y + 3} />
      ))}
      {up.map((n) => (
        <line y1={at([0, n])[1]} y2={at([0, n])[1]} x1={x - 3} x2={x + 3} />
      ))}
      {names.map((name) => (
        <text {...name} />
      ))}
    </g>
  );
}

/** A finger on a tip drags it; a finger anywhere else scrolls the page. */
function useTouch(svg, near) {
  const grabs = useRef(near);
  grabs.current = near;
  useEffect(() => {
    const hold = (event) => grabs.current?.(event.touches[0]) && event.preventDefault();
    const element = svg.current;
    element.addEventListener("touchstart", hold, { passive: false });
    return () => element.removeEventListener("touchstart", hold);
  }, []);
}

/** What makes tips movable: the attributes of the plane, and its frame, still while dragging. */
function useHands({ svg, arrows, tips, held, onPick, onMove }) {
  const [drag, setDrag] = useState(null);
  const view = drag?.view ?? frame(arrows); // a plane that rescales under the hand runs away
  const locate = (event) => {
    const box = svg.current.getBoundingClientRect();
    const scale = SIZE / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  };
  const near = (event) => {
    const [x, y] = locate(event);
    const off = (tip) => Math.hypot(view.at(tip.at)[0] - x, view.at(tip.at)[1] - y);
    const far = (tip) => off(tip) - (tip.key === held ? GRAB : 0); // the held one wins
    return tips.filter((tip) => off(tip) < GRAB).sort((a, b) => far(a) - far(b))[0];
  };
  useTouch(svg, onMove && near);
  if (!onMove) return { view };
  const onPointerDown = (event) => {
    const tip = event.button === 0 && near(event);
    if (!tip) return;
    svg.current.setPointerCapture(event.pointerId);
    onPick(tip.key);
    setDrag({ key: tip.key, view });
  };
  const onPointerMove = (event) => {
    if (drag)
      onMove(
        drag.key,
        view.back(locate(event)).map((value) => round(value, 2)),
      );
  };
  const onKeyDown = (event) => {
    const tip = tips.find(({ key }) => key === held);
    if (!(event.key in STEPS) || !tip) return;
    event.preventDefault();
    onMove(
      held,
      tip.at.map((value, d) => round(value + STEPS[event.key][d] * KEY_STEP)),
    );
  };
  const release = () => setDrag(null);
  return {
    view,
    hands: {
      ...{ tabindex: 0, role: "application", "aria-roledescription": "plane of vectors" },
      ...{ onPointerDown, onPointerMove, onKeyDown },
      ...{ onPointerUp: release, onPointerCancel: release },
    },
  };
}

/**
 * `arrows`: `{from, to, kind, word, minor}`; `tips`: `{key, at}`, which `onMove(key, target)` drags.
 * `held` is the key of the tip that the arrow keys move; without `onMove` nothing moves.
 */
export function VectorPlane({ title, label, axes, arrows, hull, tips, held, onPick, onMove }) {
  const svg = useRef(null);
  const { view, hands } = useHands({ svg, arrows, tips, held, onPick, onMove });
  const { at } = view;
  const { step, ...marks } = ticks(view);
  const names = labels(axes, view, step);
  const tip = tips?.find(({ key }) => key === held);
  return (
    <div class="al-plane al-vectors-plane">
      <p class="al-strip-title">{title}</p>
      <svg ref={svg} viewBox={`0 0 ${SIZE} ${SIZE}`} role="img" aria-label={label} {...hands}>
        <Grid {...{ at, names, ...marks }} />
        {hull && (
          <polygon
            class="al-hull"
            points={convexHull(hull)
              .map((point) => at(point).join())
              .join(" ")}
          />
        )}
        {arrows.map(({ from, to, kind }) => (
          <Arrow from={at(from)} to={at(to)} kind={kind} />
        ))}
        {placeNames(arrows, at, names).map(({ kind, name }) => (
          <g class={`al-vector al-vector-${kind}`}>
            <text {...name} />
          </g>
        ))}
        {tip && <circle class="al-handle" cx={at(tip.at)[0]} cy={at(tip.at)[1]} r={9} />}
      </svg>
    </div>
  );
}
