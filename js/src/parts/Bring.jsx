// The model itself: brought when the reader asks for it, with what it takes told before.
import { batch, signal } from "@preact/signals";
import { MOST_TOKENS } from "../core/liveModel.js";

const MEGABYTE = 1e6;

const WORDS = {
  page: {
    bring: "Bring the model here (97 MB, once; nothing leaves this computer)",
    away: "It takes about 500 MB of memory while this page is open.",
    here: "The model is here",
    coming: "The model is coming.",
  },
  kernel: {
    bring: "Ask the model in this notebook’s kernel",
    away: "The kernel loads the model on the first use: 538 MB of memory, some seconds.",
    here: "The kernel’s model answers",
    coming: "The kernel is loading the model.",
  },
};

/** How `live`, of core/liveModel.js or null, is brought: what `Bring` shows and does. */
export function makeBringing({ live, voice }) {
  const { status, progress } = live ?? { status: signal("absent"), progress: signal(null) };
  async function load({ anyway = false } = {}) {
    try {
      const { enough } = await live.room();
      if (!enough && !anyway) return (status.value = "small");
      status.value = "coming";
      const isHere = await live.load((done, all) => (progress.value = { done, all }));
      status.value = isHere ? "here" : "stopped";
      voice.speak(isHere ? "The model is here." : "Stopped. What has come is kept.");
    } catch (error) {
      batch(() => {
        status.value = "away";
        voice.tell(error.message, true);
      });
    }
  }
  return { status, progress, load, where: live?.where ?? null, stop: () => live.stop() };
}

function Coming({ known, told }) {
  const { done, all } = known.progress.value ?? { done: 0, all: 0 };
  return (
    <>
      <p>{told}</p>
      {all > 0 && (
        <p class="al-coming">
          <progress max={all} value={done} aria-label="The model" /> {Math.round(done / MEGABYTE)}{" "}
          of {Math.round(all / MEGABYTE)} MB
        </p>
      )}
      {known.where === "page" && (
        <button type="button" onClick={known.stop}>
          Stop
        </button>
      )}
    </>
  );
}

/** `besides`: what can be done with a text, after a comma. */
export function Bring({ known, besides = "" }) {
  const status = known.status.value;
  const words = WORDS[known.where];
  if (status === "absent")
    return (
      <p class="al-bring" data-not-in-picture>
        This page was built without the model’s weights: what was recorded is all there is. The
        book’s README says how to build it with them.
      </p>
    );
  return (
    <div class="al-bring" data-not-in-picture>
      {status === "here" && (
        <p>
          {words.here}: any text of up to {MOST_TOKENS} tokens{besides}.
        </p>
      )}
      {status === "coming" && <Coming known={known} told={words.coming} />}
      {["away", "stopped", "lost"].includes(status) && (
        <>
          {status === "lost" && (
            <p class="al-message al-wrong">
              The model stopped, and its memory is given back. What it read stays; for more, bring
              it again.
            </p>
          )}
          <button type="button" class="al-strong-button" onClick={() => known.load()}>
            {status === "stopped" ? "Go on bringing it" : words.bring}
          </button>
          <p class="al-hint">
            Then any text of up to {MOST_TOKENS} tokens can be run{besides}. {words.away}
          </p>
        </>
      )}
      {status === "small" && (
        <>
          <p class="al-message al-wrong">
            This device has too little memory for the model, as far as the browser tells. The page
            may be closed by the browser.
          </p>
          <button type="button" onClick={() => known.load({ anyway: true })}>
            Bring it all the same (97 MB)
          </button>
        </>
      )}
    </div>
  );
}
