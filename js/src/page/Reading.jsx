// The landing page's account of a reader's own way through the book, and its file.
import { useLayoutEffect, useReducer, useState } from "preact/hooks";
import { download } from "../core/download.js";
import { kept, keepAll, recall } from "../core/progress.js";
import { FILE_NAME, fromFile, toFile } from "../core/reading.js";

/** What `chapter` has of each kind, and how much of it is done. */
function account(chapter) {
  const done = (keys) => keys.filter((key) => recall(key) !== null).length;
  const [predictions, challenges] = [chapter.predictions, chapter.challenges].map((keys) => ({
    done: done(keys),
    all: keys.length,
  }));
  return { ...chapter, predictions, challenges, begun: predictions.done + challenges.done > 0 };
}

/** Where to go on: the place that was left last, else the chapter after the last one begun. */
function goOn(chapters) {
  const place = recall("place");
  const left = chapters.find(({ number }) => number === place?.chapter);
  if (left && typeof place.anchor === "string" && typeof place.heading === "string") {
    const inside = place.anchor && place.heading !== left.title ? place.heading : "";
    return { ...left, href: left.href + (inside && `#${place.anchor}`), inside };
  }
  const last = chapters.findLastIndex(({ begun }) => begun);
  if (last < 0) return null;
  const finished = chapters[last].predictions.done === chapters[last].predictions.all;
  return { ...chapters[Math.min(last + Number(finished), chapters.length - 1)], inside: "" };
}

const count = ({ done, all }, what) => `${done} of ${all} ${what}`;

function Chapters({ chapters }) {
  return (
    <details>
      <summary>Chapter by chapter</summary>
      <ol>
        {chapters.map(({ number, title, href, predictions, challenges }) => (
          <li value={number}>
            <a href={href}>{title}</a>: {count(predictions, "predictions")},{" "}
            {count(challenges, "challenges")}
          </li>
        ))}
      </ol>
    </details>
  );
}

function Account({ chapters }) {
  const next = goOn(chapters);
  if (!next) return <p>Your guesses and solved challenges will be counted here.</p>;
  const total = (kind) =>
    chapters.reduce(
      (sum, chapter) => ({
        done: sum.done + chapter[kind].done,
        all: sum.all + chapter[kind].all,
      }),
      { done: 0, all: 0 },
    );
  return (
    <>
      <p>
        <a class="al-go-on" href={next.href}>
          Go on here: {next.number} {next.title}
          {next.inside && `, ${next.inside}`}
        </a>
      </p>
      <p>
        So far: {count(total("predictions"), "predictions made")},{" "}
        {count(total("challenges"), "challenges solved")}.
      </p>
      <Chapters chapters={chapters} />
    </>
  );
}

// Firefox gives each page that is opened from disk an origin of its own: none sees what another keeps.
const APART = location.protocol === "file:" && location.origin === "null";

function KeptApart() {
  return (
    <section class="al-figure al-progress" aria-label="Your way through the book">
      <p>
        You opened this book from disk, and this browser shows no page what another page keeps. Each
        chapter remembers your guesses and solved challenges; they cannot be counted here.
      </p>
      <p>
        To have all of them in one place, open a terminal in the book’s folder, run{" "}
        <code>python -m http.server</code>, and read at <code>http://localhost:8000</code>.
      </p>
      <p class="al-claim">Kept in this browser alone. Nothing is sent.</p>
    </section>
  );
}

/**
 * Draw again when what is kept may have changed behind this page: another page of the book wrote
 * (its last words can arrive after this page was drawn), or the reader came *back* to this one.
 */
function useWhatOthersKeep() {
  const [, again] = useReducer((count) => count + 1, 0);
  useLayoutEffect(() => {
    const heard = ["storage", "pageshow"];
    heard.forEach((name) => addEventListener(name, again));
    return () => heard.forEach((name) => removeEventListener(name, again));
  }, []);
}

function Kept({ chapters }) {
  useWhatOthersKeep();
  const [told, setTold] = useState({ text: "", wrong: false });
  const save = () => {
    download(new Blob([toFile(kept())], { type: "application/json" }), FILE_NAME);
    setTold({ text: `Saved as ${FILE_NAME}. Load it in another browser to go on there.` });
  };
  const load = async (event) => {
    const [file] = event.target.files;
    event.target.value = ""; // the same file may be chosen again
    if (!file) return;
    try {
      const entries = fromFile(await file.text());
      keepAll(entries);
      setTold({ text: `Loaded from ${file.name}: ${Object.keys(entries).length} entries.` });
    } catch (error) {
      setTold({ text: `${file.name} was not loaded: ${error.message}.`, wrong: true });
    }
  };
  return (
    <section class="al-figure al-progress" aria-label="Your way through the book">
      <Account chapters={chapters.map(account)} />
      <div class="al-buttons">
        <button type="button" onClick={save}>
          Save
        </button>
        <label class="al-file">
          <span>Load</span>
          <input type="file" accept="application/json,.json" onChange={load} />
        </label>
      </div>
      <p role="status" class={told.wrong ? "al-wrong" : ""}>
        {told.text}
      </p>
      <p class="al-claim">Kept in this browser alone. Nothing is sent.</p>
    </section>
  );
}

/** `chapters`: number, title, address, and the keys under which guesses and solutions are kept. */
export function Reading({ chapters }) {
  return APART ? <KeptApart /> : <Kept chapters={chapters} />;
}
