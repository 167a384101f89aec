// What the reader has done, kept on their own machine only. Private windows may refuse: then nothing is kept.

const PREFIX = "attnlib:";
const name = (key) => PREFIX + key;

export function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(name(key)));
  } catch {
    return null;
  }
}

export function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem(name(key));
    else localStorage.setItem(name(key), JSON.stringify(value));
  } catch {
    // Storage is full or switched off: the figure works all the same.
  }
}

/** Everything that is kept, by key. */
export function kept() {
  let names = [];
  try {
    names = Object.keys(localStorage).filter((each) => each.startsWith(PREFIX));
  } catch {
    // Storage is switched off.
  }
  const keys = names.map((each) => each.slice(PREFIX.length)).sort();
  return Object.fromEntries(keys.map((key) => [key, recall(key)]));
}

/** Keep `entries`, by key, beside what is kept already; what they say of a key replaces it. */
export function keepAll(entries) {
  for (const [key, value] of Object.entries(entries)) remember(key, value);
}
