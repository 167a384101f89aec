// Every head's pattern, small, layer by layer: to compare, to choose one, to silence some.
import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { number } from "../../core/format.js";
import { Drawing } from "../Drawing.jsx";
import { Switch } from "../Switch.jsx";

/** Squares whose area is the weight. */
function drawPattern(pen, weights, flipped) {
  pen.clear();
  weights.forEach((row, i) =>
    row.forEach((weight, j) => {
      const [x, y] = flipped ? [i, j] : [j, i];
      if (weight > 0.004) pen.square(x + 0.5, y + 0.5, Math.sqrt(weight) / 2);
    }),
  );
  pen.fill({ ink: "weight" });
}

const isHead = ([layer, head], [l, h]) => layer === l && head === h;

function Tile({ at, s, g, silencing, onSilence, onChoose }) {
  const [layer, head] = at;
  const n = g.words.value.length;
  const flipped = s.orientation.value === "columns";
  const draw = useMemo(
    () => (pen) => {
      const weights = g.look.value.heads[layer]?.[head]?.weights;
      if (weights) drawPattern(pen, weights, flipped);
    },
    [flipped],
  );
  const scores = useMemo(() => computed(() => g.scoresOf(layer, head)), []);
  const silent = s.silent.value.some((one) => isHead(one, at));
  const told = scores.value
    ? `previous word ${number(scores.value.previousWord)}, prefix matching ${number(scores.value.prefixMatching)}`
    : "not examined yet";
  return (
    <div class={`al-tile ${silent ? "al-is-silent" : ""}`}>
      <button
        type="button"
        data-in-picture
        aria-pressed={isHead(s.chosen.value, at)}
        aria-label={`layer ${layer}, head ${head}: ${told}${silent ? "; silent" : ""}`}
        onClick={() => onChoose(at)}
      >
        <Drawing key={n} units={n} draw={draw} />
        <span class="al-tile-name">
          {layer}.{head}
          {silent && " ×"}
        </span>
      </button>
      <p class="al-tile-scores" aria-hidden="true">
        pw {scores.value ? number(scores.value.previousWord) : "–"}
        <br />
        pm {scores.value ? number(scores.value.prefixMatching) : "–"}
      </p>
      {silencing && (
        <Switch
          label="silent"
          name={`head ${layer}.${head} silent`}
          on={silent}
          onChange={(on) => onSilence(at, on)}
        />
      )}
    </div>
  );
}

/** `onChoose([layer, head])`; with `silencing`, `onSilence([layer, head], on)`. */
export function Tiles({ s, g, silencing, onSilence, onChoose }) {
  const { nLayers, nHeads } = g.recipe.value;
  const heads = (layer) => Array.from({ length: nHeads }, (_, head) => [layer, head]);
  return (
    <div class="al-tiles">
      {Array.from({ length: nLayers }, (_, layer) => (
        <div class="al-layer" role="group" aria-label={`layer ${layer}`}>
          <p class="al-strip-title">Layer {layer}</p>
          <div class="al-layer-tiles">
            {heads(layer).map((at) => (
              <Tile key={at.join()} {...{ at, s, g, silencing, onSilence, onChoose }} />
            ))}
          </div>
        </div>
      ))}
      <p class="al-hint" aria-hidden="true">
        pw: previous-word score, pm: prefix-matching score
      </p>
    </div>
  );
}
