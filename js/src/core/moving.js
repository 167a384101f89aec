// Text that a drag changes is drawn over its box, and written into it when it rests or is let go. So a drag
// asks for no layout.
import { lettersOf, pixelsOf, placesOf, putLetter, readsBack } from "./letters.js";
import { NAMES_AFTER, atRest } from "./rest.js";

const WRITTEN_AFTER = 500; // ms: a new drawing costs more than a layout, so a hand may hesitate
const SHARES = { center: 0.5, right: 1, end: 1 }; // of what is left in a line, before its text

/** The box on the screen, widened to where a canvas is not blurred: whole pixels of the page, or of the screen. */
function gridded({ left, top, right, bottom }, dots) {
  const grid = Number.isInteger(dots) ? 1 : dots;
  const [x, y] = [left, top].map((edge) => Math.floor(edge * grid) / grid);
  const [far, low] = [right, bottom].map((edge) => Math.ceil(edge * grid) / grid);
  return { x, y, width: far - x, height: low - y };
}

/** A drawing that covers `box` and holds its letters. */
class Sheet {
  constructor(box) {
    const dots = devicePixelRatio;
    const around = box.getBoundingClientRect();
    const { x, y, width, height } = gridded(around, dots);
    const [left, top] = [around.left - x, around.top - y];
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: width * dots, height: height * dots, ariaHidden: "true" });
    for (const [side, length] of Object.entries({ left: -left, top: -top, width, height }))
      canvas.style[side] = `${length}px`;
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.image = this.context.createImageData(canvas.width, canvas.height);
    this.pixels = pixelsOf(this.image);
    this.style = getComputedStyle(box);
    this.line = { height: canvas.height, down: top * dots, line: around.height * dots };
    this.begins = left * dots;
    this.ends = this.begins + around.width * dots;
    this.share = SHARES[this.style.textAlign] ?? 0;
    Object.assign(this, { box, canvas, dots });
    this.dress();
    box.append(canvas);
    box.classList.add("al-moving");
  }
  /** Finds its letters. */
  dress() {
    const { fontStyle, fontWeight, fontSize, fontFamily, color } = this.style;
    const font = `${fontStyle} ${fontWeight} ${parseFloat(fontSize) * this.dots}px ${fontFamily}`;
    this.letters = lettersOf({ font, colour: color }, this.line);
    this.look = this.box.parentNode.className;
    [this.text, this.places] = ["", []];
  }
  placesOf(text) {
    const places = placesOf(this.letters, text, this.begins);
    const left = this.share * (this.ends - places.at(-1));
    return left ? places.map((x) => x + left) : places;
  }
  /** Draws it from the first letter that differs from what is there. */
  write(text) {
    if (this.look !== this.box.parentNode.className) this.dress(); // it may have another colour now
    const { width, height } = this.canvas;
    const places = this.placesOf(text);
    const isThere = (n) => this.text[n] === text[n] && this.places[n] === places[n];
    let first = 0;
    while (first < text.length && isThere(first)) first++;
    const from = first && Math.floor(places[first]);
    for (let row = 0; row < height; row++)
      this.pixels.fill(0, row * width + from, (row + 1) * width);
    for (let n = Math.max(0, first - 1); n < text.length; n++)
      putLetter(this.pixels, width, this.letters, text[n], places[n]);
    [this.text, this.places] = [text, places];
    this.context.putImageData(this.image, 0, 0, from, 0, width - from, height);
  }
}

const forced = matchMedia("(forced-colors: active)");
const moving = new Map(); // boxes and their sheets
const rest = atRest(WRITTEN_AFTER);
let isHeld = false; // something, by a pointer

function settle() {
  for (const box of moving.keys()) write(box);
}

addEventListener("pointerdown", () => (isHeld = true), true);
for (const end of ["pointerup", "pointercancel", "dragstart"])
  addEventListener(
    end,
    () => {
      isHeld = false;
      settle();
    },
    true,
  );

function write(box) {
  box.firstChild.data = box.told;
  if (!moving.has(box)) return;
  moving.get(box).canvas.remove();
  moving.delete(box);
  box.classList.remove("al-moving");
}

function draw(box) {
  if (!moving.has(box)) moving.set(box, new Sheet(box));
  moving.get(box).write(box.told);
  rest.later(settle);
}

/**
 * Shows `text` in `box`, which begins with a text node: as text if it `mustRest`, or no pointer holds
 * anything, or at the first step after a pause.
 */
export function show(box, text, mustRest) {
  const now = performance.now();
  const isMoving = moving.has(box) || now - box.toldAt < NAMES_AFTER;
  [box.told, box.toldAt] = [text, now];
  if (isHeld && isMoving && !mustRest && !forced.matches && readsBack()) draw(box);
  else write(box);
}
