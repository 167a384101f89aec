// The frame every figure shares: title, live region, challenges, and the ways out of it.
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { download } from "../core/download.js";
import { readsBack } from "../core/letters.js";
import { figureOf, opensAlone, toLink } from "../core/link.js";
import { toSVG, toPNG } from "../core/picture.js";
import { atRest } from "../core/rest.js";
import { useCalmSliders } from "./useCalmSliders.js";
import { useOwnId } from "./useOwnId.js";
import { useOwnKeys } from "./useOwnKeys.js";
import { useStage } from "./useStage.js";

const REST = 60; // ms without a change

/** A line that is read aloud when it changes, and one that is seen. */
export function useVoice() {
  const voice = useRef(null);
  voice.current ??= {
    spoken: signal(""),
    shown: signal(""),
    wrong: signal(false),
    rest: atRest(REST),
  };
  const { spoken, shown, wrong, rest } = voice.current;
  return {
    ...voice.current,
    /** Read aloud only: what a sighted reader sees anyway. */
    speak: (text) => {
      rest.cancel();
      spoken.value = text;
    },
    /** The same for what changes with every step of a drag: asked for and heard when it rests. */
    speakAtRest: (text) => {
      rest.later(() => (spoken.value = text()));
    },
    /** Shown under the figure and read aloud. */
    tell: (text, isError = false) => {
      rest.cancel();
      shown.value = text;
      wrong.value = isError;
      spoken.value = text;
    },
  };
}

async function copy(text, voice, what) {
  try {
    await navigator.clipboard.writeText(text);
    voice.tell(`${what} copied.`);
  } catch {
    voice.tell(`The browser did not allow copying; select the text below instead.`, true);
  }
}

function Ways({ figure, model, voice, root, stage, snippet, linkState, reset }) {
  const shown = useRef(signal(null)).current;
  const name = `${figure}.`;
  const base = model.get("_book_url") || (model.isPage ? location.href : "");
  const show = (what, text) => {
    shown.value = text;
    copy(text, voice, what);
  };
  const link = () => toLink(base, model.get("key"), linkState(), stage.on.peek());
  const close = () => {
    shown.value = null;
    root.current.querySelector(".al-buttons button").focus();
  };
  const save = async (kind) => {
    if (kind === "png" && !readsBack())
      return voice.tell("Your browser puts noise into pictures of pages. Save the SVG.", true);
    const svg = await toSVG(
      root.current.querySelector("[data-picture]"),
      `${figure}, saved from the book`,
    );
    const blob = kind === "svg" ? new Blob([svg], { type: "image/svg+xml" }) : await toPNG(svg);
    download(blob, name + kind);
    voice.tell(`Saved as ${name}${kind}.`);
  };
  return (
    <div class="al-ways" data-not-in-picture>
      <div class="al-buttons" role="group" aria-label="Take it with you">
        <button type="button" onClick={() => show("Python code", snippet())}>
          Copy as Python
        </button>
        {base && (
          <button type="button" onClick={() => show("Link", link())}>
            Copy link
          </button>
        )}
        <button type="button" onClick={() => save("svg")}>
          Save SVG
        </button>
        <button type="button" onClick={() => save("png")}>
          Save PNG
        </button>
        <button type="button" onClick={reset}>
          Reset
        </button>
        <button type="button" onClick={stage.on.value ? stage.leave : stage.enter}>
          {stage.on.value ? "Leave full screen" : "Full screen"}
        </button>
      </div>
      {shown.value !== null && (
        <div class="al-copied">
          <textarea readOnly rows={6} aria-label="Copied text" value={shown.value} />
          <button type="button" onClick={close}>
            Close
          </button>
        </div>
      )}
    </div>
  );
}

function Message({ voice }) {
  if (!voice.shown.value) return null;
  return (
    <p class={`al-message ${voice.wrong.value ? "al-wrong" : ""}`} data-not-in-picture>
      {voice.shown}
    </p>
  );
}

const NARROW = 480; // pixels of the figure, not of the window: figures stand in columns
const MEDIUM = 640;
const FULL = 880; // matrices, pattern, arrows and arithmetic stand side by side

/** Marks how wide a figure is. A style sheet could ask itself, but would lay everything out twice. */
function mark(element, width) {
  element.dataset.width = width < NARROW ? "narrow" : width < MEDIUM ? "medium" : "wide";
  element.toggleAttribute("data-full", width >= FULL);
}

function widthOf(element) {
  const { paddingLeft, paddingRight } = getComputedStyle(element);
  return element.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
}

/** Marks the figures in `root` at once, so that a page has its layout before it is shown. */
export function markWidths(root) {
  const figures = [...root.querySelectorAll(".al-figure[data-attnlib-figure]")];
  const widths = figures.map(widthOf);
  figures.forEach((figure, n) => mark(figure, widths[n]));
}

/** In the next frame: a figure that changes its height while widths are told makes browsers complain. */
function watchWidth(element) {
  let next = 0;
  const observer = new ResizeObserver(([{ contentRect }]) => {
    cancelAnimationFrame(next);
    next = requestAnimationFrame(() => mark(element, contentRect.width));
  });
  observer.observe(element);
  return () => {
    cancelAnimationFrame(next);
    observer.disconnect();
  };
}

/**
 * `title`, `claim`: what the figure is and the one thing it shows. The rest as in `Ways`.
 * `values`, read only: the computed numbers at full precision, for tests, as `element.attnlibValues()`.
 */
export function Figure({ figure, model, voice, title, claim, children, after, values, ...ways }) {
  const root = useRef(null);
  useEffect(() => {
    if (values) Object.defineProperty(root.current, "attnlibValues", { value: values });
    root.current.dataset.ready = "true";
    return watchWidth(root.current);
  }, []);
  useCalmSliders(root);
  useOwnKeys(root);
  const stage = useStage(root);
  useEffect(() => {
    const { hash } = location;
    if (figureOf(hash) === model.get("key") && opensAlone(hash)) stage.enter();
  }, []);
  const id = useOwnId();
  // Many predictions share a title; the question tells them apart.
  const named = figure === "Prediction" ? `${id} ${id}-claim` : id;
  return (
    <section ref={root} class="al-figure" data-attnlib-figure={figure} aria-labelledby={named}>
      <header class="al-head">
        <p class="al-title" id={id}>
          {title}
        </p>
        {claim && (
          <p class="al-claim" id={`${id}-claim`}>
            {claim}
          </p>
        )}
      </header>
      {children}
      <Message voice={voice} />
      <p class="al-spoken" role="status" aria-live="polite">
        {voice.spoken}
      </p>
      {after}
      {ways.snippet && <Ways {...{ figure, model, voice, root, stage, ...ways }} />}
    </section>
  );
}
