// One drawing, two pens: a canvas on the screen, SVG in a saved picture. Both trace dots, lines and shapes,
// then fill or stroke what they traced. `colours` are by token, "query" for --al-query; `type` is a family, `letters`
// the size of names in units.

const TURN = 2 * Math.PI;
export const LETTERS = 11; // units, as the other drawings
const WEIGHT = 600;
const HALO = 3; // what a name keeps clear around it
const SOLID = [];
const SHADE = 0.5; // pixels to a unit, in SVG, and how many steps of opacity they have
const LEVELS = 12;
const SVG = "http://www.w3.org/2000/svg";
const ALIGN = { start: "left", middle: "center", end: "right" };

/** The head of an arrow: a shape whose tip is where it stands, and that points to the right. */
export const ARROWHEAD = [
  [0, 0],
  [-9, -4.5],
  [-9, 4.5],
];

const RING = { radius: 9, width: 1.5, dash: [3, 2] };

/** The ring around the tip that is held. */
export function drawRing(pen, { x, y }, ink) {
  pen.dot(x, y, RING.radius);
  pen.stroke({ ...RING, ink });
}

// Where a corner of a shape is that stands at (x, y) and is turned.
const across = (corner, { x, cos, sin }) => x + corner[0] * cos - corner[1] * sin;
const down = (corner, { y, cos, sin }) => y + corner[0] * sin + corner[1] * cos;

export class CanvasPen {
  constructor(canvas, scale, paints) {
    const context = canvas.getContext("2d");
    Object.assign(this, { context, paints, colours: paints.colours, letters: paints.letters });
    Object.assign(this, { width: canvas.width / scale, height: canvas.height / scale });
    this.scale = scale;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.font = `${WEIGHT} ${paints.letters}px ${paints.type}`;
    context.beginPath();
  }
  clear(x = 0, y = 0, width = this.width, height = this.height) {
    this.context.clearRect(x, y, width, height);
  }
  dot(x, y, r) {
    this.context.moveTo(x + r, y);
    this.context.arc(x, y, r, 0, TURN);
  }
  square(x, y, r) {
    this.box(x - r, y - r, 2 * r, 2 * r);
  }
  box(x, y, width, height) {
    this.context.rect(x, y, width, height);
  }
  line(x1, y1, x2, y2) {
    this.context.moveTo(x1, y1);
    this.context.lineTo(x2, y2);
  }
  shape(corners, place) {
    const { context } = this;
    context.moveTo(across(corners[0], place), down(corners[0], place));
    for (let n = 1; n < corners.length; n++)
      context.lineTo(across(corners[n], place), down(corners[n], place));
    context.closePath();
  }
  fill({ ink, opacity = 1 }) {
    this.context.globalAlpha = opacity;
    this.context.fillStyle = this.colours[ink];
    this.context.fill();
    this.context.beginPath();
  }
  stroke({ ink, opacity = 1, width = 1, dash = SOLID }) {
    this.context.globalAlpha = opacity;
    this.context.strokeStyle = this.colours[ink];
    this.context.lineWidth = width;
    if (dash !== SOLID) this.context.setLineDash(dash);
    this.context.stroke();
    if (dash !== SOLID) this.context.setLineDash(SOLID);
    this.context.beginPath();
  }
  /** Pixels of one ink: `alpha`, 0 to 255, for each. */
  shade({ alpha, width, height }, { ink, opacity = 1 }) {
    const { context } = this;
    const sheet = new OffscreenCanvas(width, height);
    const own = sheet.getContext("2d");
    const image = own.createImageData(width, height);
    for (let n = 0; n < alpha.length; n++) image.data[4 * n + 3] = alpha[n];
    own.putImageData(image, 0, 0);
    own.globalCompositeOperation = "source-in";
    own.fillStyle = this.colours[ink];
    own.fillRect(0, 0, width, height);
    context.globalAlpha = opacity;
    context.imageSmoothingEnabled = false;
    context.drawImage(sheet, 0, 0, width / this.scale, height / this.scale);
  }
  name(text, { x, y, anchor = "start" }, { ink, opacity = 1, halo }) {
    const { context } = this;
    context.globalAlpha = opacity;
    context.textAlign = ALIGN[anchor];
    if (halo) {
      context.strokeStyle = this.colours[halo];
      context.lineWidth = HALO;
      context.lineJoin = "round";
      context.strokeText(text, x, y);
    }
    context.fillStyle = this.colours[ink];
    context.fillText(text, x, y);
  }
}

export class SVGPen {
  constructor(parent, { colours, type, letters }) {
    Object.assign(this, { parent, colours, type, letters, traced: "", scale: SHADE });
  }
  clear() {} // a picture begins empty
  dot(x, y, r) {
    this.traced += `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
  }
  square(x, y, r) {
    this.box(x - r, y - r, 2 * r, 2 * r);
  }
  box(x, y, width, height) {
    this.traced += `M${x} ${y}h${width}v${height}h${-width}Z`;
  }
  line(x1, y1, x2, y2) {
    this.traced += `M${x1} ${y1}L${x2} ${y2}`;
  }
  shape(corners, place) {
    const at = (corner) => `${across(corner, place)} ${down(corner, place)}`;
    this.traced += `M${corners.map(at).join("L")}Z`;
  }
  /** Shapes stay as sharp as the paper: pixels alike in a line are one box. */
  shade({ alpha, width, height }, { ink, opacity = 1 }) {
    const levels = Array.from({ length: LEVELS }, () => []);
    const level = (n) => Math.ceil((alpha[n] * LEVELS) / 256) - 1;
    for (let n = 0, end; n < width * height; n = end) {
      const line = n - (n % width) + width;
      for (end = n + 1; end < line && level(end) === level(n);) end++;
      levels[level(n)]?.push([n % width, Math.floor(n / width), end - n]);
    }
    levels.forEach((runs, one) => {
      for (const [x, y, long] of runs) this.box(x / SHADE, y / SHADE, long / SHADE, 1 / SHADE);
      this.fill({ ink, opacity: (opacity * (one + 1)) / LEVELS });
    });
  }
  put(name, attributes) {
    const node = document.createElementNS(SVG, name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    this.parent.append(node);
    return node;
  }
  paint(attributes) {
    if (this.traced) this.put("path", { d: this.traced, ...attributes });
    this.traced = "";
  }
  fill({ ink, opacity = 1 }) {
    this.paint({ fill: this.colours[ink], opacity });
  }
  stroke({ ink, opacity = 1, width = 1, dash = SOLID }) {
    const line = { stroke: this.colours[ink], "stroke-width": width };
    this.paint({ fill: "none", ...line, "stroke-dasharray": dash.join(" ") || "none", opacity });
  }
  name(text, { x, y, anchor = "start" }, { ink, opacity = 1, halo }) {
    const type = { "font-family": this.type, "font-size": this.letters, "font-weight": WEIGHT };
    const place = { x, y, "text-anchor": anchor, fill: this.colours[ink], opacity };
    const rim = { "paint-order": "stroke", stroke: this.colours[halo], "stroke-width": HALO };
    this.put("text", { ...type, ...place, ...(halo ? rim : {}) }).textContent = text;
  }
}
