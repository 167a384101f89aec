// The figure of chapter 12.
import { Training } from "../figures/Training.jsx";
import { begin } from "../main.js";

export * as training from "../core/training/index.js";

export const widget = begin({ Training });
