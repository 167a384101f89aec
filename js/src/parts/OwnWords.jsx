// A box for words of the reader's own.
import { useEffect, useState } from "preact/hooks";
import { useOwnId } from "./useOwnId.js";

/**
 * It begins with `text`, what the figure shows, and again whenever that changes: what is refused by `onUse(text)`
 * stays in the box. `children(add)` stands below it, and may add words.
 */
export function OwnWords({ label, text, most, onUse, children }) {
  const [typed, setTyped] = useState(null);
  const id = useOwnId();
  useEffect(() => setTyped(null), [text]);
  return (
    <>
      <form
        class="al-field al-own"
        onSubmit={(event) => {
          event.preventDefault();
          onUse(typed ?? text);
        }}
      >
        <label for={id}>{label}</label>
        <input
          id={id}
          type="text"
          maxLength={most}
          spellcheck={false}
          autocomplete="off"
          value={typed ?? text}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <button type="submit">Use</button>
      </form>
      {children?.((word) => setTyped(`${(typed ?? text).trim()} ${word}`))}
    </>
  );
}
