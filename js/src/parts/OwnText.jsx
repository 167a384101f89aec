// A text of the reader's own, for a real model.
import { useEffect, useRef } from "preact/hooks";
import { MOST_CHARACTERS, MOST_TOKENS } from "../core/liveModel.js";
import { OwnWords } from "./OwnWords.jsx";

/** `onUse(text)` hears of a text that has a word; without one, `tell` hears what to do. The fold opens when `isWaiting`: its text is not on show. */
export function OwnText({ summary, text, isWaiting, tell, onUse, children }) {
  const fold = useRef(null);
  useEffect(() => {
    if (isWaiting) fold.current.open = true;
  }, [isWaiting]);
  const use = (wanted) => {
    if (wanted.trim()) return onUse(wanted);
    tell("There is no text here. Write a word at least.", true);
  };
  return (
    <details class="al-more" ref={fold}>
      <summary>{summary}</summary>
      <OwnWords label="Your text" text={text} most={MOST_CHARACTERS} onUse={use} />
      <p class="al-hint">
        Up to {MOST_TOKENS} tokens, about 45 words. Every text begins with a new line, ¶, which the
        figure puts there.
      </p>
      {children}
    </details>
  );
}
