// Text that changes in a drag. Its box has a size of its own, so that the browser lays out this box and
// nothing around it. The box grows with its text and never shrinks: that would move what stands beside it.
import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";

const POINT = 0.5; // of a digit's width

const widthOf = (text) => text.length - (text.includes(".") ? POINT : 0);

/** `text` is a signal. `room`, in digits, is for what is known to come. */
export function Steady({ text, room = 0 }) {
  const style = useMemo(() => {
    let width = room;
    return computed(() => {
      width = Math.max(width, widthOf(text.value));
      return `width: ${width}ch`;
    });
  }, [text]);
  return (
    <span class="al-steady" style={style}>
      {text}
    </span>
  );
}
