// A drawing on a canvas: hundreds of shapes that move together cost the browser one element.
import { computed, effect, signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { look, sharpness } from "../core/look.js";
import { CanvasPen, SVGPen } from "../core/pens.js";

const INKS = ["ink", "muted", "line", "cell", "query", "key", "value", "weight", "wrong"];

/** The colours and the letters of the place where `node` stands. */
function paintsOf(node) {
  const style = getComputedStyle(node);
  const token = (name) => style.getPropertyValue(`--al-${name}`).trim();
  return { colours: Object.fromEntries(INKS.map((ink) => [ink, token(ink)])), type: token("sans") };
}

function show(canvas, { width, height }, units, paints, draw) {
  const dots = sharpness();
  const size = [Math.round(width * dots), Math.round(height * dots)];
  if (canvas.width !== size[0]) canvas.width = size[0];
  if (canvas.height !== size[1]) canvas.height = size[1];
  const context = canvas.getContext("2d");
  const scale = size[0] / (units ?? width);
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  draw(new CanvasPen(context, paints));
}

/** `draw(pen)` reads signals and is told apart by identity. `units` across; pixels without it. */
export function Drawing({ draw, units, ...attributes }) {
  const canvas = useRef(null);
  useLayoutEffect(() => {
    const node = canvas.current;
    const box = signal(null);
    const observer = new ResizeObserver(([{ contentRect }]) => (box.value = contentRect));
    observer.observe(node);
    const paints = computed(() => [look.value, box.value, paintsOf(node)].at(-1));
    const stop = effect(() => {
      if (box.value?.width) show(node, box.value, units, paints.value, draw);
    });
    /** For the saved picture. */
    node.drawIn = (svg) => {
      const { width, height } = box.peek();
      const across = units ?? width;
      svg.setAttribute("viewBox", `0 0 ${across} ${(across * height) / width}`);
      draw(new SVGPen(svg, paints.peek()));
    };
    return () => {
      stop();
      observer.disconnect();
    };
  }, [draw, units]);
  return <canvas ref={canvas} aria-hidden="true" {...attributes} />;
}
