// Saves what the reader sees as one self-contained SVG, or as a PNG drawn from it.
// The figure is ordinary HTML with pieces of SVG; both become plain SVG shapes, so that any editor opens it.
import { SVG, drawBox, element } from "./boxes.js";
import { carried } from "./carried.js";
import { painted } from "./colour.js";

const COLOURS = ["fill", "stroke"];
const PAINT = [
  ...["fill-opacity", "stroke-opacity", "stroke-width", "stroke-dasharray", "stroke-linecap"],
  ...["paint-order", "opacity"],
];
const TYPE = ["font-family", "font-size", "font-weight", "font-style", "text-anchor"];
const BASELINE = 0.35; // of the letters' size, below the middle of a line

/** Controls are not shown while a picture is drawn: figures.css. */
function hidden(style) {
  return (
    style.display === "none" ||
    style.visibility === "hidden" ||
    style.opacity === "0" ||
    style.clipPath !== "none"
  );
}

function copyDrawing(svg, origin, out) {
  const box = svg.getBoundingClientRect();
  const copy = svg.cloneNode(true);
  const originals = svg.querySelectorAll("*");
  copy.querySelectorAll("*").forEach((node, i) => {
    const style = getComputedStyle(originals[i]);
    for (const name of [...PAINT, ...TYPE]) node.setAttribute(name, style.getPropertyValue(name));
    for (const name of COLOURS)
      for (const [key, value] of Object.entries(painted(name, style.getPropertyValue(name))))
        node.setAttribute(key, value);
    node.removeAttribute("class");
    node.removeAttribute("style"); // its colours are names of the page's
    node.removeAttribute("tabindex");
  });
  copy.setAttribute("x", box.left - origin.left);
  copy.setAttribute("y", box.top - origin.top);
  copy.setAttribute("width", box.width);
  copy.setAttribute("height", box.height);
  out.append(copy);
}

/** A canvas of the figures knows how to draw itself in SVG. */
function copyCanvas(canvas, origin, out) {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const place = { x: left - origin.left, y: top - origin.top, width, height };
  canvas.drawIn(element("svg", place, out));
}

const WORD = /[^\s\-–—]*[\-–—]+|[^\s\-–—]+/g; // a line may end at a hyphen

/** The words of a text node, line by line as the browser has broken them: `[text, box]` of each. */
function linesOf(node) {
  const lines = [];
  const range = document.createRange();
  for (const { index, 0: word } of node.data.matchAll(WORD)) {
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    const top = range.getBoundingClientRect().top;
    if (lines.at(-1)?.top === top) lines.at(-1).end = index + word.length;
    else lines.push({ top, start: index, end: index + word.length });
  }
  return lines.map(({ start, end }) => {
    range.setStart(node, start);
    range.setEnd(node, end);
    return [range.toString().replace(/\s+/g, " "), range.getBoundingClientRect()];
  });
}

/** Words that are set from above downwards, or, turned over, from below upwards. */
function turned(style, size, middle, top, bottom) {
  const over = new DOMMatrix(style.transform).a < 0;
  const [by, y, angle] = over ? [BASELINE, bottom, -90] : [-BASELINE, top, 90];
  return `translate(${middle + size * by} ${y}) rotate(${angle})`;
}

/** A line as long as the page's: with another font words would run into one another. */
function drawLine(line, box, style, origin, out) {
  const upright = style.writingMode === "horizontal-tb";
  const size = parseFloat(style.fontSize);
  const x = box.left - origin.left;
  const y = box.top - origin.top;
  const attributes = {
    ...painted("fill", style.color),
    textLength: upright ? box.width : box.height,
  };
  for (const name of TYPE.slice(0, 4)) attributes[name] = style.getPropertyValue(name);
  if (upright) Object.assign(attributes, { x, y: y + box.height / 2 + size * BASELINE });
  else attributes.transform = turned(style, size, x + box.width / 2, y, y + box.height);
  element("text", attributes, out).textContent = line;
}

function drawText(node, style, origin, out) {
  for (const [line, box] of linesOf(node)) drawLine(line, box, style, origin, out);
}

const MARKERS = {
  decimal: (item) => `${[...item.parentNode.children].indexOf(item) + 1}.`,
  disc: () => "•",
};
const MARKER_GAP = 0.3; // of the letters' size

/** The number or the dot of an item of a list, which stands before its first line. */
function drawMarker(item, style, origin, out) {
  const marker = MARKERS[style.listStyleType]?.(item);
  const range = document.createRange();
  range.selectNodeContents(item);
  const [line] = range.getClientRects();
  if (!marker || !line) return;
  const size = parseFloat(style.fontSize);
  const x = item.getBoundingClientRect().left - origin.left - MARKER_GAP * size;
  const y = line.top - origin.top + line.height / 2 + size * BASELINE;
  const type = Object.fromEntries(TYPE.map((name) => [name, style.getPropertyValue(name)]));
  const attributes = { ...type, x, y, "text-anchor": "end", ...painted("fill", style.color) };
  element("text", attributes, out).textContent = marker;
}

/** What is seen of an element by itself, before what is in it. */
function drawOwn(node, style, origin, out) {
  const { left, top, width, height } = node.getBoundingClientRect();
  drawBox(style, { left: left - origin.left, top: top - origin.top, width, height }, out);
  if (style.display === "list-item") drawMarker(node, style, origin, out);
  if (node instanceof SVGSVGElement) copyDrawing(node, origin, out);
  if (node instanceof HTMLCanvasElement) copyCanvas(node, origin, out);
}

function walk(node, origin, parent) {
  const style = getComputedStyle(node);
  if (hidden(style)) return;
  const { opacity } = style;
  const out = opacity === "1" ? parent : element("g", { opacity }, parent);
  drawOwn(node, style, origin, out);
  if (node instanceof SVGSVGElement) return;
  for (const child of node.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) drawText(child, style, origin, out);
    else if (child.nodeType === Node.ELEMENT_NODE) walk(child, origin, out);
  }
}

const FAMILY = "Inter Variable";
const script = document.currentScript?.src; // of a page; a notebook has no font beside it
let font = null;

/** The page's font, in base64; null if it is not in use, or cannot be had. */
async function pageFont() {
  const inUse = (face) => face.family.includes(FAMILY) && face.status === "loaded";
  if (!script || ![...document.fonts].some(inUse)) return null;
  return (font ??= await carried(new URL("fonts/inter-subset.woff2", script)));
}

/** A picture sees no font of the page: it carries its own. */
async function addFont(picture) {
  const letters = await pageFont();
  if (!letters) return;
  const source = `url(data:font/woff2;base64,${letters})`;
  const style = element("style", {});
  style.textContent = `@font-face{font-family:"${FAMILY}";font-weight:100 900;src:${source}}`;
  picture.prepend(style);
}

/** What is drawn is laid out in full for it: what scrolls sideways would be cut off. */
export async function toSVG(root, title) {
  root.dataset.drawing = "";
  const picture = drawn(root, title);
  delete root.dataset.drawing;
  await addFont(picture);
  return new XMLSerializer().serializeToString(picture);
}

function drawn(root, title) {
  const origin = root.getBoundingClientRect();
  const attributes = {
    xmlns: SVG,
    width: origin.width,
    height: origin.height,
    viewBox: `0 0 ${origin.width} ${origin.height}`,
    role: "img",
  };
  const out = element("svg", attributes);
  element("title", {}, out).textContent = title;
  const ground = getComputedStyle(root).getPropertyValue("--al-paper") || "white";
  element("rect", { width: "100%", height: "100%", fill: ground.trim() }, out);
  walk(root, origin, out);
  return out;
}

export async function toPNG(svg, scale = 2) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width * scale;
  canvas.height = image.height * scale;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
