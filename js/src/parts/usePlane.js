// The hands on a plane: a mouse or a finger drags what it is near, the arrow keys move what is chosen.
import { useEffect, useRef } from "preact/hooks";
import { useDrag } from "./useDrag.js";

const GRAB = 22; // units: a finger is wide
const KEY_STEP = 0.1;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** Points of an event in the units of `svg`, a ref, `size` units across. */
function useLocation(svg, size) {
  const drag = useRef(null);
  const leave = () => {
    drag.current?.stop.abort();
    drag.current = null;
  };
  // Asked for at every step, the box would be worked out at every step.
  const keep = () => {
    leave(); // a second finger may begin before the first has let go
    const stop = new AbortController();
    const forget = () => (drag.current.box = null);
    document.addEventListener("scroll", forget, { capture: true, signal: stop.signal });
    addEventListener("resize", forget, { signal: stop.signal });
    drag.current = { box: null, stop };
  };
  const locate = ({ clientX, clientY }) => {
    const box = drag.current?.box ?? svg.current.getBoundingClientRect();
    if (drag.current) drag.current.box = box;
    const scale = size / box.width;
    return [(clientX - box.left) * scale, (clientY - box.top) * scale];
  };
  return { locate, keep, leave };
}

/**
 * The listeners of `svg`. `tips()`: what can be dragged, `{x, y, favour}`, where the favoured wins by so
 * many units. `held()`: where the tip is that the keys move, `{x, y}`; a drawing has no element for it, so
 * tests ask `element.heldTip()`. `onGrab(tip)`, `onDrag(tip, [x, y])` and `onRelease()` follow a drag; `onStep([dx, dy])` a key.
 */
export function usePlane({ svg, size, held, tips, onGrab, onDrag, onRelease, onStep }) {
  const { locate, keep, leave } = useLocation(svg, size);
  const nearest = (event) => {
    const [x, y] = locate(event);
    return tips()
      .map((tip) => ({ tip, far: Math.hypot(tip.x - x, tip.y - y) }))
      .filter(({ far }) => far < GRAB)
      .sort((a, b) => a.far - (a.tip.favour ?? 0) - (b.far - (b.tip.favour ?? 0)))[0]?.tip;
  };
  useEffect(() => {
    svg.current.heldTip = held;
    return leave;
  }, []);
  const drag = useDrag(svg, {
    holds: true,
    grab: nearest,
    onStart: (tip) => {
      keep();
      onGrab(tip);
    },
    onMove: (tip, event) => onDrag(tip, locate(event)),
    onEnd: () => {
      leave();
      onRelease?.();
    },
  });
  return {
    ...drag,
    onKeyDown: (event) => {
      if (!(event.key in STEPS)) return;
      event.preventDefault();
      onStep(STEPS[event.key].map((step) => step * KEY_STEP));
    },
  };
}
