// The phrase: one of the book's, or the reader's own from the words that have vectors.
import { Examples } from "./Examples.jsx";
import { OwnWords } from "./OwnWords.jsx";

const MOST_TOKENS = 16;

/** How many letters must change to turn one word into the other (Levenshtein). */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] !== b[j - 1]));
    row = next;
  }
  return row[b.length];
}

/** The words of `text`, or an `Error` that says what is wrong with it. */
export function readSentence(text, vocabulary) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length)
    return new Error("There is no word here. Write one at least: fluffy creature.");
  const unknown = words.find((word) => !Object.hasOwn(vocabulary, word));
  if (unknown !== undefined) {
    const short = unknown.length > 24 ? `${unknown.slice(0, 24)}…` : unknown;
    const near = Object.keys(vocabulary)
      .map((word) => [distance(word, unknown.slice(0, 24)), word])
      .sort(([a], [b]) => a - b)[0];
    const hint = near[0] <= 2 ? `Did you mean “${near[1]}”?` : "Choose from the words listed here.";
    return new Error(`“${short}” has no vector in this designed vocabulary. ${hint}`);
  }
  if (words.length > MOST_TOKENS)
    return new Error(`That is ${words.length} words; the figure draws up to ${MOST_TOKENS}.`);
  return words;
}

export function SentenceBox({ sentence, sentences, vocabulary, onChange, voice, children }) {
  const use = (wanted) => {
    const words = readSentence(wanted, vocabulary);
    if (words instanceof Error) return voice.tell(words.message, true);
    voice.tell("");
    onChange(words.join(" "));
  };
  return (
    <div class="al-sentence" data-not-in-picture>
      <Examples
        label="Phrase"
        value={sentence}
        choices={Object.fromEntries(Object.entries(sentences).map((pair) => pair.reverse()))}
        onChange={use}
      />
      <details class="al-more">
        <summary>Write your own</summary>
        <OwnWords label="Your phrase" text={sentence} onUse={use}>
          {(add) => (
            <>
              <p>Words that have a vector; press one to add it:</p>
              <p class="al-words">
                {Object.keys(vocabulary).map((word) => (
                  <button type="button" aria-label={`Add ${word}`} onClick={() => add(word)}>
                    {word}
                  </button>
                ))}
              </p>
            </>
          )}
        </OwnWords>
      </details>
      {children}
    </div>
  );
}
