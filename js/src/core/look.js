// What a canvas does not follow by itself: the theme's colours, the screen's pixels, the letters.
import { signal } from "@preact/signals";

const THEMES = ["class", "data-theme", "theme", "data-jp-theme-light"]; // as in tokens.css

function follow(change) {
  const stop = new AbortController();
  addEventListener("resize", change, stop); // also of the reader's zoom
  document.fonts.addEventListener("loadingdone", change, stop);
  matchMedia("(forced-colors: active)").addEventListener("change", change, stop);
  const themes = new MutationObserver(change);
  for (const node of [document.documentElement, document.body])
    themes.observe(node, { attributeFilter: THEMES });
  return () => {
    stop.abort();
    themes.disconnect();
  };
}

let leave = null;

/** Read in an effect: it runs again whenever the same drawing may look different. */
export const look = signal(0, {
  watched: () => (leave = follow(() => (look.value += 1))),
  unwatched: () => leave(),
});
