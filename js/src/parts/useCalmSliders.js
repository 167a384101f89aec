// A finger that begins on a slider may want to scroll the page. Browsers move the slider all the same.
import { useEffect } from "preact/hooks";

const TREMBLE = 10; // pixels: less is no direction yet

/** Sliders in `root`, a ref, answer a finger that moves sideways or taps, not one that scrolls. */
export function useCalmSliders(root) {
  useEffect(() => {
    let open = null; // the slider of a finger of which it is not known yet what it wants
    const listeners = {
      pointerdown({ target, pointerType, clientX: x, clientY: y }) {
        const isSlider = pointerType !== "mouse" && target.matches('input[type="range"]');
        open = isSlider ? { slider: target, value: target.value, x, y } : null;
      },
      pointermove({ clientX, clientY }) {
        if (!open) return;
        const [across, down] = [Math.abs(clientX - open.x), Math.abs(clientY - open.y)];
        if (across > TREMBLE && across > down) take();
      },
      input(event) {
        if (event.target === open?.slider) event.stopImmediatePropagation();
      },
      pointerup: () => take(),
      pointercancel() {
        if (open) open.slider.value = open.value;
        open = null;
      },
    };
    const take = () => {
      const { slider, value } = open ?? {};
      open = null;
      if (slider && slider.value !== value)
        slider.dispatchEvent(new Event("input", { bubbles: true }));
    };
    const stop = new AbortController();
    for (const [kind, listener] of Object.entries(listeners))
      root.current.addEventListener(kind, listener, { capture: true, signal: stop.signal });
    return () => stop.abort();
  }, []);
}
