// Where a link leads. Figures grow when they are drawn, and lines when fonts arrive: what the link
// names would slide out of the window.
import { figureOf } from "./link.js";

const ACTS = ["wheel", "touchstart", "pointerdown", "keydown"]; // of a reader who goes elsewhere

/** The host of the figure that the address opens; null if it opens none. */
function hostNamed() {
  const key = figureOf(location.hash);
  return key && document.querySelector(`.al-host[data-key="${CSS.escape(key)}"]`);
}

const goTo = (node) => node?.scrollIntoView({ behavior: "instant" });

/** What follows in the tab order, and what a screen reader tells first, is the figure itself. */
function open() {
  const host = hostNamed();
  goTo(host);
  const figure = host?.querySelector("[data-attnlib-figure]");
  if (!figure) return;
  figure.tabIndex = -1;
  figure.focus({ preventScroll: true });
}

const frame = () => new Promise(requestAnimationFrame);

async function settled() {
  if (document.readyState !== "complete")
    await new Promise((done) => addEventListener("load", done, { once: true }));
  await document.fonts.ready;
  await frame();
  await frame();
}

/** Keeps what the address names at the top, until the page is at rest or the reader acts. */
function stay() {
  const grown = new ResizeObserver(() => goTo(hostNamed() ?? document.querySelector(":target")));
  const acted = new AbortController();
  const leave = () => {
    grown.disconnect();
    acted.abort();
  };
  for (const act of ACTS)
    addEventListener(act, leave, { signal: acted.signal, capture: true, passive: true });
  grown.observe(document.body);
  settled().then(leave);
}

/** Lands where the address leads, now and whenever it changes. */
export function land() {
  addEventListener("hashchange", open);
  // Who reloads, or comes back, is put where they were by the browser.
  const [{ type } = {}] = performance.getEntriesByType("navigation");
  if (type !== "navigate" || !location.hash) return;
  stay();
  settled().then(open);
}
