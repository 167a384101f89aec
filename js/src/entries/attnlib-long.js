// The figures of chapters 11, 15 and 16: what a model keeps.
import { CacheLab } from "../figures/CacheLab.jsx";
import { Ledger } from "../figures/Ledger.jsx";
import { Tiles } from "../figures/Tiles.jsx";
import { begin } from "../main.js";

export const widget = begin({ CacheLab, Ledger, Tiles });
