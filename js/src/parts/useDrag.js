// One drag for all figures. A mouse drags at once. A finger scrolls the page, unless it first moves
// sideways or, where `holds`, rests for a moment: a figure must not hold a page that wants to go on.
import { useEffect, useRef } from "preact/hooks";

const HOLD = 350; // ms that a finger rests before it may drag in every direction
const TREMBLE = 10; // pixels: less is no direction yet

/** WebKit marks text beside what may not be marked, and then drags the mark. */
const refuse = (event) => event.preventDefault();

/** While a finger drags `node`, the page stays where it is. */
function useStillPage(node, holds, press) {
  useEffect(() => {
    if (!holds) return;
    const stay = (event) => press.current?.begun && event.cancelable && event.preventDefault();
    const element = node.current;
    element.addEventListener("touchmove", stay, { passive: false });
    return () => element.removeEventListener("touchmove", stay);
  }); // after every rendering: it may have made another element
}

/**
 * The listeners of `node`, a ref; its style says `touch-action: pan-y`. `grab(event)` gives what is dragged,
 * or nothing; `onStart(grabbed, event)`, `onMove(grabbed, event)` and `onEnd()` follow. A tap is a drag that
 * ends where it starts. What can be dragged up and down `holds`.
 */
export function useDrag(node, { holds = false, grab, onStart, onMove, onEnd }) {
  const press = useRef(null);
  useStillPage(node, holds, press);
  const begin = () => {
    const { pressed, grabbed } = press.current;
    press.current.begun = true;
    document.addEventListener("selectstart", refuse);
    clearTimeout(press.current.timer);
    node.current.setPointerCapture(pressed.pointerId);
    node.current.dataset.held = "";
    onStart?.(grabbed, pressed);
  };
  const end = () => {
    if (!press.current) return;
    const { begun, timer } = press.current;
    press.current = null;
    clearTimeout(timer);
    document.removeEventListener("selectstart", refuse);
    delete node.current?.dataset.held;
    if (begun) onEnd?.();
  };
  useEffect(() => end, []);
  const onPointerDown = (event) => {
    if (event.isPrimary || !press.current?.begun) end(); // two fingers zoom; a release may go astray
    const grabbed = event.isPrimary && event.button === 0 && grab(event);
    if (!grabbed) return;
    press.current = { pressed: event, grabbed };
    if (!["touch", "pen"].includes(event.pointerType)) begin();
    else if (holds) press.current.timer = setTimeout(begin, HOLD);
  };
  const onPointerMove = (event) => {
    if (event.pointerId !== press.current?.pressed.pointerId) return;
    const { pressed, begun, grabbed } = press.current;
    if (!begun) {
      const [x, y] = [event.clientX - pressed.clientX, event.clientY - pressed.clientY];
      if (Math.hypot(x, y) < TREMBLE) return;
      if (Math.abs(y) >= Math.abs(x)) return end();
      begin();
    }
    onMove(grabbed, event);
  };
  const onPointerUp = (event) => {
    if (event.pointerId !== press.current?.pressed.pointerId) return;
    const { begun, grabbed, pressed } = press.current;
    if (!begun) onStart?.(grabbed, pressed);
    end();
    if (!begun) onEnd?.();
  };
  return {
    ...{ onPointerDown, onPointerMove, onPointerUp, onPointerCancel: end },
    onLostPointerCapture: (event) => event.target === node.current && end(),
    onContextMenu: (event) => press.current && event.preventDefault(), // a finger that rests
    onDragStart: (event) => {
      event.preventDefault(); // the browser would carry the marked text away
      end();
    },
  };
}
