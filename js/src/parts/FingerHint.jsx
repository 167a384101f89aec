/** What a finger must know of that which can be dragged up and down. It is shown where fingers are. */
export function FingerHint() {
  return (
    <p class="al-hint al-finger" data-not-in-picture>
      With a finger: rest on it for a moment, then drag. A quick swipe scrolls the page.
    </p>
  );
}
