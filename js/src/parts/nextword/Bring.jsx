// The model itself: brought when the reader asks for it, with what it takes told before.
const MEGABYTE = 1e6;

const WORDS = {
  page: {
    bring: "Bring the model here (97 MB, once; nothing leaves this computer)",
    away: "Then any text of up to 64 tokens can be run, with anything taken away. It takes about 500 MB of memory while this page is open.",
    here: "The model is here: any text of up to 64 tokens, anything taken away.",
    coming: "The model is coming.",
  },
  kernel: {
    bring: "Ask the model in this notebook’s kernel",
    away: "Then any text of up to 64 tokens can be run, with anything taken away. The kernel loads the model on the first use: 538 MB of memory, some seconds.",
    here: "The kernel’s model answers: any text of up to 64 tokens, anything taken away.",
    coming: "The kernel is loading the model.",
  },
};

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

export function Bring({ known }) {
  const status = known.status.value;
  const words = WORDS[known.where];
  if (status === "absent")
    return (
      <p class="al-bring" data-not-in-picture>
        This copy of the book was built without the model’s weights: recorded texts are all there
        is. The README says how to build it with them.
      </p>
    );
  return (
    <div class="al-bring" data-not-in-picture>
      {status === "here" && <p>{words.here}</p>}
      {status === "coming" && <Coming known={known} told={words.coming} />}
      {(status === "away" || status === "stopped") && (
        <>
          <button type="button" class="al-strong-button" onClick={() => known.load()}>
            {status === "stopped" ? "Go on bringing it" : words.bring}
          </button>
          <p class="al-hint">{words.away}</p>
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
