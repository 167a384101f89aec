// The text, token by token. The last one reads; any before it can be hidden from it.
import { useRef } from "preact/hooks";

/** A new line has no letters of its own, nor have some bytes. */
export const shown = (piece) => piece.replace(/\n/g, "¶").trim() || "·";

const MOVES = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

/** Moves the focus among the tokens; every one of them can be reached by Tab, too. */
function walk(event, list) {
  const buttons = [...list.querySelectorAll("button")];
  const at = buttons.indexOf(event.target);
  const to = { Home: 0, End: buttons.length - 1 }[event.key] ?? at + MOVES[event.key];
  if (!buttons[to]) return;
  event.preventDefault();
  buttons[to].focus();
}

export function Tokens({ pieces, cut, onHide }) {
  const list = useRef(null);
  const last = pieces.length - 1;
  return (
    <div
      ref={list}
      class="al-tokens"
      role="group"
      aria-label="Hide a token from the last one"
      onKeyDown={(event) => walk(event, list.current)}
    >
      {pieces.map((piece, n) =>
        n === last ? (
          <span class={`al-token al-reads-last ${/^\s/.test(piece) ? "al-apart" : ""}`}>
            <span class="al-spoken">the last token, which guesses: </span>
            {shown(piece)}
          </span>
        ) : (
          <button
            type="button"
            class={`al-token ${/^\s/.test(piece) ? "al-apart" : ""}`}
            aria-pressed={cut.includes(n)}
            aria-label={`${n}: ${piece === "\n" ? "new line" : shown(piece)}, hidden`}
            data-in-picture
            onClick={() => onHide(n, !cut.includes(n))}
          >
            {shown(piece)}
          </button>
        ),
      )}
    </div>
  );
}
