// Letters as pixels: text that changes sixty times a second is copied from them, for the browser
// needs ten times as long to lay it out.

const PHASES = 4; // places within a pixel where a letter may begin

/** Letters on a `baseline` in a line of `height` pixels, and their pixels as numbers of 32 bits. */
class Letters {
  constructor({ font, colour }, height, baseline) {
    const canvas = document.createElement("canvas");
    canvas.height = height;
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    Object.assign(this.context, { font, fillStyle: colour });
    Object.assign(this, { height, baseline, known: new Map() });
  }
  breadthOf(letter) {
    return this.of(letter).breadth;
  }
  of(letter) {
    let found = this.known.get(letter);
    if (!found) {
      found = { breadth: this.context.measureText(letter).width, drawings: [] };
      this.known.set(letter, found);
    }
    return found;
  }
  /** A letter that begins `phase` of `PHASES` into a pixel: its pixels, and where each of them is. */
  drawingOf(letter, phase) {
    const { drawings, breadth } = this.of(letter);
    return (drawings[phase] ??= this.draw(letter, Math.ceil(breadth) + 1, phase / PHASES));
  }
  draw(letter, width, into) {
    const { context, height, baseline } = this;
    context.clearRect(0, 0, width, height);
    context.fillText(letter, into, baseline);
    const all = pixelsOf(context.getImageData(0, 0, width, height));
    const inked = [...all.keys()].filter((n) => all[n]);
    return {
      pixels: Uint32Array.from(inked, (n) => all[n]),
      columns: Uint16Array.from(inked, (n) => n % width),
      rows: Uint16Array.from(inked, (n) => Math.floor(n / width)),
    };
  }
}

export const pixelsOf = ({ data }) => new Uint32Array(data.buffer);

const PROBE = 16; // pixels, across and down; all of one colour would be given back by all

function probe() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [PROBE, PROBE];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const inks = Array.from({ length: PROBE ** 2 }, (_, n) => [n, 255 - n, (n * 7) % 256, 255]);
  inks.forEach(([r, g, b], n) => {
    context.fillStyle = `rgb(${r}, ${g}, ${b})`;
    context.fillRect(n % PROBE, Math.floor(n / PROBE), 1, 1);
  });
  const { data } = context.getImageData(0, 0, PROBE, PROBE);
  return inks.flat().every((value, n) => value === data[n]);
}

let answer = null;

/** Whether a canvas tells what was drawn on it; against trackers some browsers answer with noise. */
export const readsBack = () => (answer ??= probe());

/** From the top of a line to where its letters stand, as browsers place them: in whole pixels. */
function baselineOf(context, line) {
  const { fontBoundingBoxAscent, fontBoundingBoxDescent } = context.measureText("0");
  const [up, down] = [fontBoundingBoxAscent, fontBoundingBoxDescent].map(Math.round);
  return up + Math.floor((line - up - down) / 2);
}

const measure = document.createElement("canvas").getContext("2d");
const known = new Map();
document.fonts.addEventListener("loadingdone", () => known.clear());

/**
 * The letters of a `type`, {font, colour}, for a line of `height` pixels in which a text begins `down` below
 * the top and has a `line` of its own. They are drawn once and kept.
 */
export function lettersOf(type, { height, down, line }) {
  measure.font = type.font;
  const baseline = Math.round(down + baselineOf(measure, line));
  const key = [type.font, type.colour, height, baseline].join();
  if (!known.has(key)) known.set(key, new Letters(type, height, baseline));
  return known.get(key);
}

/** Where each letter of a text begins that begins at `start`, and where the text ends; no kerning. */
export function placesOf(letters, text, start) {
  const places = [start];
  for (let n = 0; n < text.length; n++) places.push(places[n] + letters.breadthOf(text[n]));
  return places;
}

/** Puts a letter at `x` into `image`, lines of a `width`: where it covers more than what is there. */
export function putLetter(image, width, letters, letter, x) {
  const begins = Math.round(x * PHASES) / PHASES;
  const left = Math.floor(begins);
  const { pixels, columns, rows } = letters.drawingOf(letter, (begins - left) * PHASES);
  for (let n = 0; n < pixels.length; n++) {
    const column = left + columns[n];
    const at = rows[n] * width + column;
    if (column >= 0 && column < width && pixels[n] >>> 24 > image[at] >>> 24) image[at] = pixels[n];
  }
}
