// Keys in a figure belong to the figure: a notebook would cut a cell at "x" and walk on at an arrow.
// What commands the page or the browser goes on to them.

const FOR_THE_PAGE = /^(Tab|Escape|F\d+)$/;
const EDITS = /^([acvxyz]|Arrow.+|Home|End|Page.+|Backspace|Delete)$/i; // with Ctrl, too
const TEXT = 'textarea, input:not([type="range"], [type="radio"], [type="checkbox"])';

/** Whether it runs a notebook's cell, and is no Enter of the figure. */
export const runsCell = ({ key, shiftKey, ctrlKey, metaKey, altKey }) =>
  key === "Enter" && (shiftKey || ctrlKey || metaKey || altKey);

/** Whether a key that was pressed in a figure ends there. */
export function staysInside(event) {
  const { key, ctrlKey, metaKey, altKey, shiftKey, target } = event;
  const types = target.matches(TEXT);
  if (FOR_THE_PAGE.test(key)) return event.defaultPrevented; // then the figure has used it
  if (ctrlKey || metaKey) {
    if (event.getModifierState("AltGraph")) return true; // types a character
    return EDITS.test(key) && (!shiftKey || !/^[acvxy]$/i.test(key));
  }
  return types || !(altKey || runsCell(event));
}
