// Saves what the reader sees as one self-contained SVG, or as a PNG drawn from it.
// The figure is ordinary HTML with pieces of SVG; both become plain SVG shapes, so that any editor opens it.
import { carried } from "./carried.js";

const SVG = "http://www.w3.org/2000/svg";
const PAINT = [
  ...["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap"],
  ...["paint-order", "opacity"],
];
const TYPE = ["font-family", "font-size", "font-weight", "font-style", "text-anchor"];
function element(name, attributes, parent) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent?.append(node);
  return node;
}

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
    node.removeAttribute("class");
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

/** Lines that a box has above it or below it and not all around. */
function drawRules(style, box, origin, out) {
  for (const side of ["top", "bottom"]) {
    const width = parseFloat(style.getPropertyValue(`border-${side}-width`));
    if (!width) continue;
    const y = box[side] - origin.top;
    const ends = { x1: box.left - origin.left, x2: box.right - origin.left, y1: y, y2: y };
    const stroke = style.getPropertyValue(`border-${side}-color`);
    element("line", { ...ends, stroke, "stroke-width": width }, out);
  }
}

function drawBox(style, box, origin, out) {
  const framed = parseFloat(style.borderLeftWidth) && parseFloat(style.borderTopWidth);
  const border = framed || 0;
  const filled = style.backgroundColor !== "rgba(0, 0, 0, 0)";
  if (!framed) drawRules(style, box, origin, out);
  if (!filled && !framed) return;
  element(
    "rect",
    {
      x: box.left - origin.left + border / 2,
      y: box.top - origin.top + border / 2,
      width: Math.max(0, box.width - border),
      height: Math.max(0, box.height - border),
      rx: style.borderTopLeftRadius.endsWith("%")
        ? box.width / 2
        : parseFloat(style.borderTopLeftRadius) || 0,
      fill: filled ? style.backgroundColor : "none",
      stroke: framed ? style.borderTopColor : "none",
      "stroke-width": border,
    },
    out,
  );
}

/** The words of a text node, line by line as the browser has broken them: `[text, box]` of each. */
function linesOf(node) {
  const lines = [];
  const range = document.createRange();
  for (const { index, 0: word } of node.data.matchAll(/\S+/g)) {
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

/** A line as long as the page's: with another font words would run into one another. */
function drawLine(line, box, style, origin, out) {
  const upright = style.writingMode === "horizontal-tb";
  const size = parseFloat(style.fontSize);
  const x = box.left - origin.left;
  const y = box.top - origin.top;
  const attributes = { fill: style.color, textLength: upright ? box.width : box.height };
  for (const name of TYPE.slice(0, 4)) attributes[name] = style.getPropertyValue(name);
  if (upright) Object.assign(attributes, { x, y: y + box.height / 2 + size * 0.35 });
  else {
    const [cx, cy] = [x + box.width / 2, y + box.height];
    attributes.transform = `translate(${cx + size * 0.35} ${cy}) rotate(-90)`;
  }
  element("text", attributes, out).textContent = line;
}

function drawText(node, style, origin, out) {
  for (const [line, box] of linesOf(node)) drawLine(line, box, style, origin, out);
}

function walk(node, origin, out) {
  const style = getComputedStyle(node);
  if (hidden(style)) return;
  if (node instanceof SVGSVGElement) return copyDrawing(node, origin, out);
  if (node instanceof HTMLCanvasElement) return copyCanvas(node, origin, out);
  drawBox(style, node.getBoundingClientRect(), origin, out);
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
