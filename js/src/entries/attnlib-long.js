// The figures of chapters 15 and 16.
import { CacheLab } from "../figures/CacheLab.jsx";
import { Tiles } from "../figures/Tiles.jsx";
import { begin } from "../main.js";

export const widget = begin({ CacheLab, Tiles });
