// What a style paints of a box, as shapes of SVG: its ground, its border, and the rims inside it.
import { painted, plain } from "./colour.js";

export const SVG = "http://www.w3.org/2000/svg";
const COMMA = /,(?![^(]*\))/; // not those of a colour
const GRADIENT = /^(repeating-)?linear-gradient\((?:(-?[\d.]+)deg, )?(.*)\)$/;
const STOP = /^(.*?)(?: (-?[\d.]+)(px|%))?$/;
const RIM = /^(.*?) (-?[\d.]+)px (-?[\d.]+)px [\d.]+px (-?[\d.]+)px inset$/;
const DOWN = 180; // degrees: where a gradient leads that does not say

export function element(name, attributes, parent) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent?.append(node);
  return node;
}

/** The rectangle that lies `by` inside a box. */
function inside({ left, top, width, height, radius }, by) {
  return {
    x: left + by,
    y: top + by,
    width: Math.max(0, width - 2 * by),
    height: Math.max(0, height - 2 * by),
    rx: Math.max(0, radius - by),
  };
}

/** The stops of a gradient that is `length` pixels long: `[colour, place]`, the place in pixels. */
function stopsOf(text, length) {
  const stops = text.split(COMMA).map((stop) => stop.trim().match(STOP));
  return stops.map(([, colour, at, unit], n) => {
    if (at === undefined) return [colour, (n / (stops.length - 1)) * length];
    return [colour, unit === "%" ? (at / 100) * length : Number(at)];
  });
}

function drawGradient(image, box, out) {
  const [, repeats, degrees, text] = image.match(GRADIENT) ?? [];
  if (!text) return;
  const angle = ((degrees ?? DOWN) * Math.PI) / 180;
  const [across, down] = [Math.sin(angle), -Math.cos(angle)];
  const length = Math.abs(box.width * across) + Math.abs(box.height * down);
  const stops = stopsOf(text, length);
  const end = stops.at(-1)[1];
  const x1 = box.left + (box.width - length * across) / 2;
  const y1 = box.top + (box.height - length * down) / 2;
  const line = { x1, y1, x2: x1 + end * across, y2: y1 + end * down };
  const root = out.ownerSVGElement ?? out;
  const id = `gradient-${root.querySelectorAll("linearGradient").length + 1}`;
  const attributes = {
    id,
    gradientUnits: "userSpaceOnUse",
    spreadMethod: repeats ? "repeat" : "pad",
  };
  const gradient = element("linearGradient", { ...attributes, ...line }, out);
  for (const [colour, at] of stops)
    element("stop", { offset: at / end, "stop-color": plain(colour)[0] }, gradient);
  element("rect", { ...inside(box, 0), fill: `url(#${id})` }, out);
}

/** A line at `place`, [x1, y1, x2, y2]. */
function drawLine([x1, y1, x2, y2], colour, width, out) {
  element("line", { x1, y1, x2, y2, ...painted("stroke", colour), "stroke-width": width }, out);
}

/** An inset shadow without blur: all around where it spreads, else along one side. */
function drawRim(shadow, box, out) {
  const [, colour, ...numbers] = shadow.trim().match(RIM) ?? [];
  if (!colour) return;
  const [x, y, spread] = numbers.map(Number);
  const { left, top } = box;
  const [right, bottom] = [left + box.width, top + box.height];
  const edge = (low, high, by) => (by > 0 ? low : high) + by / 2;
  if (spread) {
    const rim = { fill: "none", ...painted("stroke", colour), "stroke-width": spread };
    element("rect", { ...inside(box, spread / 2), ...rim }, out);
  } else if (x) {
    const at = edge(left, right, x);
    drawLine([at, top, at, bottom], colour, Math.abs(x), out);
  } else if (y) {
    const at = edge(top, bottom, y);
    drawLine([left, at, right, at], colour, Math.abs(y), out);
  }
}

/** Lines that a box has along some of its sides and not all around. */
function drawRules(style, { left, top, width, height }, out) {
  const [right, bottom] = [left + width, top + height];
  const sides = {
    top: [left, top, right, top],
    bottom: [left, bottom, right, bottom],
    left: [left, top, left, bottom],
    right: [right, top, right, bottom],
  };
  for (const [side, place] of Object.entries(sides)) {
    const thick = parseFloat(style.getPropertyValue(`border-${side}-width`));
    if (thick) drawLine(place, style.getPropertyValue(`border-${side}-color`), thick, out);
  }
}

function radiusOf(style, width) {
  const radius = style.borderTopLeftRadius;
  return radius.endsWith("%") ? width / 2 : parseFloat(radius) || 0;
}

/** Draws what `style` paints of the box `{left, top, width, height}` itself, as far as figures use it. */
export function drawBox(style, { left, top, width, height }, out) {
  const box = { left, top, width, height, radius: radiusOf(style, width) };
  const framed = parseFloat(style.borderLeftWidth) && parseFloat(style.borderTopWidth);
  const filled = style.backgroundColor !== "rgba(0, 0, 0, 0)";
  if (!framed) drawRules(style, box, out);
  if (filled || framed) {
    const fill = filled ? painted("fill", style.backgroundColor) : { fill: "none" };
    const stroke = framed ? painted("stroke", style.borderTopColor) : { stroke: "none" };
    const shape = { ...inside(box, framed / 2), rx: box.radius, "stroke-width": framed };
    element("rect", { ...shape, ...fill, ...stroke }, out);
  }
  drawGradient(style.backgroundImage, box, out);
  if (style.boxShadow === "none") return;
  for (const rim of style.boxShadow.split(COMMA).reverse()) drawRim(rim, box, out);
}
