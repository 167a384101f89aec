// The figures of a real model, and of a reader's own.
import { NextWord } from "../figures/NextWord.jsx";
import { Patterns } from "../figures/Patterns.jsx";
import { begin } from "../main.js";

export const widget = begin({ NextWord, Patterns });
