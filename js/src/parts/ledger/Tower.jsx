// The model as a tower: every area is its share of all parameters, every storey a layer.
import { whole } from "../../core/format.js";
import { percent } from "./Table.jsx";

const [WIDTH, HEIGHT] = [200, 360];
const LEAST = 1.5; // pixels: nothing disappears, and the rest makes room
const ROOM = { letter: 6.7, height: 20 }; // pixels that a name takes
const CLOSEST = 2.5; // pixels between storeys, or they are not drawn

/** Rectangles from the ground up: the table, the layers, the unembedding. */
function storeys({ parts, total }, n_layers) {
  const layers = parts.attention + parts["feed-forward"] + parts.normalisation;
  const wanted = [
    ["embedding", parts.embedding],
    ["layers", layers],
    ["unembedding", parts.unembedding],
  ].filter(([, count]) => count > 0);
  const heights = wanted.map(([, count]) => Math.max(LEAST, (count / total) * HEIGHT));
  const scale = HEIGHT / heights.reduce((a, b) => a + b, 0);
  let ground = HEIGHT;
  return wanted.flatMap(([part, count], n) => {
    const height = heights[n] * scale;
    ground -= height;
    if (part !== "layers") return [{ part, x: 0, y: ground, width: WIDTH, height }];
    const widths = ["attention", "feed-forward", "normalisation"].map((name) => ({
      part: name,
      width: (parts[name] / count) * WIDTH,
    }));
    let x = 0;
    return widths.map(({ part, width }) => {
      const rect = { part, x, y: ground, width, height, n_layers };
      x += width;
      return rect;
    });
  });
}

function Floors({ y, height, n_layers }) {
  const step = height / n_layers;
  if (step < CLOSEST) return null;
  const lines = Array.from({ length: n_layers - 1 }, (_, n) => `M0,${y + (n + 1) * step}h${WIDTH}`);
  return <path class="al-floors" d={lines.join("")} />;
}

/** The name of a part, where there is room for it. */
function Name({ part, x, y, width, height }) {
  if (height < ROOM.height || width < ROOM.letter * part.length) return null;
  return (
    <text class={`al-part-${part}`} x={x + width / 2} y={y + height / 2 + 4} text-anchor="middle">
      {part}
    </text>
  );
}

export function Tower({ counted, n_layers, opened, onOpen }) {
  const rects = storeys(counted, n_layers);
  const layers = rects.find((rect) => rect.n_layers);
  const told = Object.entries(counted.parts)
    .filter(([, count]) => count > 0)
    .map(([part, count]) => `${part} ${percent(count / counted.total)}`);
  return (
    <div class="al-tower-room">
      <svg
        class="al-tower"
        viewBox={`-1 -1 ${WIDTH + 2} ${HEIGHT + 2}`}
        role="img"
        aria-label={`${whole(counted.total)} parameters: ${told.join(", ")}`}
      >
        {rects.map(({ part, x, y, width, height }) => (
          <rect
            class={`al-part-${part} ${part === opened ? "al-strong" : ""}`}
            {...{ x, y, width, height }}
            onClick={() => onOpen(part)}
          />
        ))}
        {layers && <Floors {...layers} />}
        {rects.map((rect) => (
          <Name {...rect} />
        ))}
      </svg>
    </div>
  );
}
