// A reader's guesses and solved challenges as a file, to carry from one browser to another.

const BOOK = "Attention, Hands On";
const LONGEST = 1_000_000; // characters: a book with everything answered has some 20,000

export const FILE_NAME = "attention-hands-on-progress.json";

/** The text of a file that holds `entries`, by key. */
export function toFile(entries) {
  return JSON.stringify({ book: BOOK, entries }, null, 1);
}

/** The entries that a file's `text` holds; throws with what is wrong and what was expected. */
export function fromFile(text) {
  if (text.length > LONGEST) throw new Error("it is too large to come from this book");
  let content;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Error(`it is not a file that “Save” wrote: choose ${FILE_NAME}`);
  }
  const entries = content?.book === BOOK ? content.entries : null;
  if (entries === null || typeof entries !== "object" || Array.isArray(entries))
    throw new Error(`it does not come from this book: choose ${FILE_NAME}`);
  return entries;
}
