// The entry: `widget` is what anywidget loads in a notebook, `mountPage` what a built page calls.
import { h, render } from "preact";
import { downloadFromDisk } from "./core/carried.js";
import { land } from "./core/landing.js";
import { PageModel } from "./core/model.js";
import { printInLight } from "./core/paper.js";
import { markWidths } from "./parts/Figure.jsx";
import { Alignment } from "./figures/Alignment.jsx";
import { BreakIt } from "./figures/BreakIt.jsx";
import { QueryKey } from "./figures/QueryKey.jsx";
import { Heads } from "./figures/Heads.jsx";
import { Ledger } from "./figures/Ledger.jsx";
import { MaskLab } from "./figures/MaskLab.jsx";
import { Prediction } from "./figures/Prediction.jsx";
import { ContextNudge } from "./figures/ContextNudge.jsx";
import { EmbeddingSpace } from "./figures/EmbeddingSpace.jsx";
import { OrderLab } from "./figures/OrderLab.jsx";
import { Plot } from "./figures/Plot.jsx";
import { Quiz } from "./figures/Quiz.jsx";
import { SoftmaxLab } from "./figures/SoftmaxLab.jsx";
import { Training } from "./figures/Training.jsx";
import { ValueMixer } from "./figures/ValueMixer.jsx";
import { notePlace } from "./page/place.js";
import { Reading } from "./page/Reading.jsx";

const FIGURES = {
  Alignment,
  BreakIt,
  ContextNudge,
  EmbeddingSpace,
  Heads,
  Ledger,
  MaskLab,
  OrderLab,
  Plot,
  Prediction,
  QueryKey,
  Quiz,
  SoftmaxLab,
  Training,
  ValueMixer,
};

function mount(model, el) {
  const figure = FIGURES[model.get("_figure")];
  if (!figure) throw new Error(`no figure is called ${model.get("_figure")}`);
  render(h(figure, { model }), el);
  return () => render(null, el);
}

export * as training from "./core/training/index.js";

export const widget = { render: ({ model, el }) => mount(model, el) };

/** Puts a figure in place of every still picture on the page; where one fails, its picture stays. */
export function mountPage(root = document) {
  for (const host of root.querySelectorAll(".al-host")) {
    const model = new PageModel(JSON.parse(host.querySelector("script").textContent));
    model.isPage = true;
    host.dataset.key = model.get("key");
    const live = document.createElement("div");
    const began = performance.now();
    try {
      mount(model, live);
    } catch (error) {
      console.error(error);
      continue;
    }
    host.querySelector(".al-still").replaceWith(live);
    performance.measure(`attnlib ${model.get("_figure")}`, { start: began });
  }
  markWidths(root);
}

/** The parts of a page that are no figures: the account of the reader's way, and their place. */
function mountReading(root = document) {
  for (const host of root.querySelectorAll(".al-reading-host")) {
    const chapters = JSON.parse(host.querySelector("script").textContent);
    render(h(Reading, { chapters }), host);
  }
  const chapter = root.querySelector("[data-al-chapter]")?.dataset.alChapter;
  if (chapter) notePlace(Number(chapter), root);
}

if (typeof document !== "undefined" && document.currentScript?.dataset.attnlibPage !== undefined) {
  mountPage();
  mountReading();
  land();
  printInLight();
  downloadFromDisk();
}
