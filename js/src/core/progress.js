// What the reader has done, kept on their own machine only. Private windows may refuse: then nothing is kept.

const name = (key) => `attnlib:${key}`;

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
