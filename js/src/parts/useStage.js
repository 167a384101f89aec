// A figure alone on the screen, for a lecture room.
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";

/**
 * Takes the whole screen, or, where the browser refuses that (a link may not, nor may a phone's
 * browser), the whole window. Escape leaves in both cases, and the focus goes back.
 */
export function useStage(root) {
  const stage = useRef(null);
  stage.current ??= { on: signal(false), before: null };
  const { on } = stage.current;
  const leave = () => {
    if (!on.peek()) return;
    const figure = root.current;
    on.value = false;
    delete figure.dataset.stage;
    if (document.fullscreenElement === figure) document.exitFullscreen();
    if (figure.hasAttribute("popover")) {
      figure.hidePopover();
      figure.removeAttribute("popover");
    }
    const { before } = stage.current;
    if (before?.isConnected) before.focus();
  };
  const cover = (figure) => {
    figure.popover = "manual"; // the top layer: over everything, whatever the figure stands in
    figure.showPopover();
  };
  const enter = async () => {
    const figure = root.current;
    stage.current.before = document.activeElement;
    on.value = true;
    figure.dataset.stage = "";
    try {
      await figure.requestFullscreen();
    } catch {
      cover(figure);
    }
  };
  useEffect(() => {
    const figure = root.current;
    const ended = () => {
      if (document.fullscreenElement !== figure && !figure.hasAttribute("popover")) leave();
    };
    // What was typed in a cell has used it already.
    const escape = (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) leave();
    };
    document.addEventListener("fullscreenchange", ended);
    figure.addEventListener("keydown", escape);
    return () => {
      document.removeEventListener("fullscreenchange", ended);
      figure.removeEventListener("keydown", escape);
    };
  }, []);
  return { on, enter, leave };
}
