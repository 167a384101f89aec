// A drawing on a canvas: hundreds of shapes that move together cost the browser one element.
import { computed, effect, signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { look } from "../core/look.js";
import { whenPrinted } from "../core/paper.js";
import { CanvasPen, LETTERS, SVGPen } from "../core/pens.js";

const SVG = "http://www.w3.org/2000/svg";
const INKS = [
  ...["ink", "muted", "line", "cell", "query", "key", "value", "weight"],
  ...["positive", "negative", "wrong"],
];

const forced = matchMedia("(forced-colors: active)");

/** The colours and the letters of the place where `node` stands. */
function paintsOf(node) {
  const style = getComputedStyle(node);
  const token = (name) => style.getPropertyValue(`--al-${name}`).trim();
  // A name such as CanvasText may be another colour in a drawing than on the page: ask the page.
  const asked = (ink) => {
    node.style.color = `var(--al-${ink})`;
    return style.color;
  };
  const colours = Object.fromEntries(
    INKS.map((ink) => [ink, (forced.matches ? asked : token)(ink)]),
  );
  node.style.color = "";
  return { colours, type: token("sans"), letters: Number(token("letters")) || LETTERS };
}

/** What `paintsOf` finds, by name: on paper other colours are in force than on the screen. */
const PAPER = {
  colours: Object.fromEntries(INKS.map((ink) => [ink, `var(--al-${ink})`])),
  type: "var(--al-sans)",
  letters: LETTERS,
};

/** Makes `canvas` as sharp as the screen; tells the pixels of a unit. */
function fit(canvas, { width, height }, units) {
  canvas.width = Math.round(width * devicePixelRatio);
  canvas.height = Math.round(height * devicePixelRatio);
  return canvas.width / (units ?? width);
}

/** A canvas keeps its pixels when it is printed; on paper `sheet`, the same in SVG, takes its place. */
function cover(canvas, sheet) {
  sheet.setAttribute("class", "al-on-paper");
  canvas.after(sheet);
  canvas.style.visibility = "hidden";
  return () => {
    sheet.remove();
    canvas.style.visibility = "";
  };
}

/** The size of the page's letters at `node`, in units; there are `units` to a pixel. */
const lettersOf = (node, units) => parseFloat(getComputedStyle(node).fontSize) * units;

/** How wide `node` will be, in pixels: it is drawn before the page is laid out for paper. */
const widthOnPaper = (node) => Number(getComputedStyle(node).getPropertyValue("--al-on-paper"));

/**
 * `draw(pen, anew)` reads signals and is told apart by identity. `units` across; pixels without it.
 * Unless `anew`, what was drawn before is still there, for `pen.clear`. Letters grow with the drawing, or
 * are as large as the place's own if they are `set`.
 */
export function Drawing({ draw, units, set = false, ...attributes }) {
  const canvas = useRef(null);
  useLayoutEffect(() => {
    const node = canvas.current;
    const box = signal(null);
    const observer = new ResizeObserver(([{ contentRect }]) => (box.value = contentRect));
    observer.observe(node);
    // The observer tells of a size at the end of a frame; a picture may be asked for before.
    const size = () => box.peek() ?? node.getBoundingClientRect();
    const paints = computed(() => {
      const { width } = box.value ?? {};
      const found = [look.value, paintsOf(node)].at(-1);
      return set && width ? { ...found, letters: lettersOf(node, units / width) } : found;
    });
    let pen = null;
    const stop = effect(() => {
      if (!box.value?.width) return;
      const anew = pen?.paints !== paints.value;
      if (anew) pen = new CanvasPen(node, fit(node, box.value, units), paints.value);
      draw(pen, anew);
    });
    /** For the saved picture, and for paper. */
    node.drawIn = (svg, inks = paints.peek()) => {
      const { width, height } = size();
      const across = units ?? width;
      svg.setAttribute("viewBox", `0 0 ${across} ${(across * height) / width}`);
      draw(new SVGPen(svg, inks), true);
      return svg;
    };
    const leavePaper = whenPrinted(() => {
      if (!size().width) return null;
      const letters = set ? lettersOf(node, units / widthOnPaper(node)) : PAPER.letters;
      const sheet = document.createElementNS(SVG, "svg");
      return cover(node, node.drawIn(sheet, { ...PAPER, letters }));
    });
    return () => {
      stop();
      leavePaper();
      observer.disconnect();
    };
  }, [draw, units]);
  return <canvas ref={canvas} aria-hidden="true" {...attributes} />;
}
