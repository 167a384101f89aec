// Text that changes in a drag. Its box has a size of its own, so that the browser lays out this box and
// nothing around it. The box grows with its text and never shrinks: that would move what stands beside it.
import { effect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { show } from "../core/moving.js";

const WIDTHS = { ".": 0.5, " ": 0.5, "÷": 1.4, "×": 1.4, "+": 1.4, "=": 1.4, "∞": 1.7 }; // of a digit's

function widthOf(text) {
  let width = 0;
  for (const letter of text) width += WIDTHS[letter] ?? 1;
  return width;
}

/** Writes `text` into `box`, an element of the class `al-steady`. */
export function writeSteady(box, text, room = 0) {
  if (box.told === text) return;
  if (!box.firstChild) box.append("");
  const width = Math.max(box.room ?? room, widthOf(text));
  const grows = width !== box.room;
  if (grows) box.style.width = `${(box.room = width)}ch`;
  show(box, text, grows);
}

/** `text` is a signal. `room`, in digits, is for what is known to come. */
export function Steady({ text, room }) {
  const box = useRef(null);
  useLayoutEffect(() => effect(() => writeSteady(box.current, text.value, room)), [text]);
  return <span ref={box} class="al-steady" />;
}

/** A text of many that `useTold` writes. */
export const Told = ({ of }) => <span class="al-steady" data-told={of} />;

/**
 * One effect for all that is told in `root`: `tell()` reads signals and gives the texts by name, or null
 * when there are none. `structure` names what is rendered, so that new boxes are found.
 */
export function useTold(root, tell, structure) {
  useLayoutEffect(() => {
    const boxes = [...root.current.querySelectorAll("[data-told]")];
    const names = boxes.map((box) => box.dataset.told);
    return effect(() => {
      const texts = tell();
      if (texts) boxes.forEach((box, n) => writeSteady(box, texts[names[n]]));
    });
  }, [structure]);
}
