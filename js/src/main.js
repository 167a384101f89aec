// What each script does with the figures it holds (entries/): in a notebook, and on a built page.
import { h, render } from "preact";
import { downloadFromDisk } from "./core/carried.js";
import { land } from "./core/landing.js";
import { PageModel } from "./core/model.js";
import { printInLight } from "./core/paper.js";
import { Plot } from "./figures/Plot.jsx";
import { Prediction } from "./figures/Prediction.jsx";
import { Quiz } from "./figures/Quiz.jsx";
import { markWidths } from "./parts/Figure.jsx";
import { notePlace } from "./page/place.js";
import { Reading } from "./page/Reading.jsx";

/** Every script holds these: they are read with the text, on any page. */
const QUESTIONS = { Plot, Prediction, Quiz };

const mount = (figure, model, el) => {
  render(h(figure, { model }), el);
  return () => render(null, el);
};

/**
 * What anywidget loads in a notebook: a widget whose figure is one of `figures`. It is called once for every
 * widget; its views are all given the same model, by which they share what it holds.
 */
const widgetOf = (figures) => () => {
  let shared;
  return {
    initialize: ({ model }) => void (shared = model),
    render({ el }) {
      const figure = figures[shared.get("_figure")];
      if (!figure) throw new Error(`no figure is called ${shared.get("_figure")}`);
      return mount(figure, shared, el);
    },
  };
};

/**
 * Puts one of `figures` in place of its still picture on the page; where one fails, its picture stays.
 * Those of other scripts are left to them.
 */
function mountPage(figures, root = document) {
  for (const host of root.querySelectorAll(".al-host:not([data-key])")) {
    const figure = figures[host.dataset.hostOf];
    if (!figure) continue;
    const model = new PageModel(JSON.parse(host.querySelector("script").textContent));
    model.isPage = true;
    host.dataset.key = model.get("key");
    const live = document.createElement("div");
    const began = performance.now();
    try {
      mount(figure, model, live);
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

/** What is done once on a page, by the last of its scripts. */
function openPage() {
  mountReading();
  land();
  printInLight();
  downloadFromDisk();
}

/**
 * Begins a script that holds `figures`. On a page, attnlib/sphinx_ext/figures.py says with
 * `data-attnlib-page` that it is one, and "first" where another script follows.
 */
export function begin(figures) {
  const all = { ...QUESTIONS, ...figures };
  const part = globalThis.document?.currentScript?.dataset.attnlibPage;
  if (part !== undefined) mountPage(all);
  if (part === "") openPage();
  return widgetOf(all);
}
