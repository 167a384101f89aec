// AdamW without decay, with a clipped gradient and a warm-up: torch.optim.AdamW and clip_grad_norm_.
import { layout } from "./weights.js";

const [BETA_1, BETA_2] = [0.9, 0.98];
const EPSILON = 1e-8;
const LONGEST = 1; // a gradient
const CLIP_EPSILON = 1e-6;
const DISTANCES_LEARN = 5; // times as fast as the rest

/** By products, as the running powers of a run that goes on: Math.pow differs from browser to browser. */
function power(base, exponent) {
  let product = 1;
  for (let n = 0; n < exponent; n++) product *= base;
  return product;
}

export class Optimiser {
  constructor(recipe, size) {
    this.recipe = recipe;
    this.tensors = layout(recipe);
    this.means = new Float64Array(size);
    this.squares = new Float64Array(size);
  }

  /** Moves `weights` against `gradients`, for the nth time (from 1). */
  step(weights, gradients, n) {
    const length = Math.sqrt(gradients.reduce((sum, one) => sum + one * one, 0));
    const clip = Math.min(1, LONGEST / (length + CLIP_EPSILON));
    const rate = this.recipe.rate * Math.min(1, n / this.recipe.warmUp);
    for (const { name, rows, columns, start } of this.tensors) {
      const faster = name.endsWith("distance") ? DISTANCES_LEARN : 1;
      this.move(weights, gradients, {
        start,
        end: start + rows * columns,
        clip,
        rate: rate * faster,
        n,
      });
    }
  }

  move(weights, gradients, { start, end, clip, rate, n }) {
    const { means, squares } = this;
    const step = rate / (1 - power(BETA_1, n));
    const correction = 1 / (1 - power(BETA_2, n));
    for (let at = start; at < end; at++) {
      const gradient = gradients[at] * clip;
      means[at] += (1 - BETA_1) * (gradient - means[at]);
      squares[at] += (1 - BETA_2) * (gradient * gradient - squares[at]);
      weights[at] -= (step * means[at]) / (Math.sqrt(squares[at] * correction) + EPSILON);
    }
  }
}
