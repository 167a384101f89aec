// The parrot's world, as in attnlib/parrot.py: a list of things, a parrot that repeats it from a random
// place, and a sentence with a mole or a bank whose sense the person in it decides.

const split = (words) => words.split(" ");
const THINGS = split(
  "fox moon owl king frog tree cat rose cup ship bell star key lamp snow bird corn drum leaf ring",
);
const ADJECTIVES = split("old tall shy wise");
const VERBS = split("saw drew met hid");
// A person, the word with two senses, and what it does in the person's sense.
const SENSES = [
  ["gardener", "mole", "dug"],
  ["chemist", "mole", "reacted"],
  ["doctor", "mole", "itched"],
  ["banker", "bank", "lent"],
  ["sailor", "bank", "flooded"],
];
const FEWEST_THINGS = 6;
const LIST_LENGTHS = 4; // 6, 7, 8 or 9 things
const LEAST_REPEATED = 4; // words, the full stop included, after the one that the parrot starts from

export const WORDS = [
  ...split(". list: parrot: that"),
  ...THINGS,
  ...ADJECTIVES,
  ...VERBS,
  ...SENSES.map(([person]) => person),
  ...split("mole bank"),
  ...SENSES.map(([, , does]) => does),
];
const ID = new Map(WORDS.map((word, id) => [word, id]));

/** The numbers of `words` in WORDS. */
export function ids(words) {
  return words.map((word) => {
    if (ID.has(word)) return ID.get(word);
    throw new RangeError(`"${word}" is no word of this world: it has ${WORDS.join(" ")}`);
  });
}

class Writer {
  constructor(draws) {
    this.draws = draws;
    [this.words, this.kinds, this.clues] = [[], [], []];
    [this.things, this.adjectives, this.verbs] = [[...THINGS], [...ADJECTIVES], [...VERBS]];
  }
  put(word, kind = "", clue = -1) {
    this.words.push(word);
    this.kinds.push(kind);
    this.clues.push(clue);
  }
  perhapsAdjective() {
    if (this.draws.next() < 0.5) this.put(this.draws.take(this.adjectives));
  }
  sentence() {
    this.perhapsAdjective();
    const [person, ambiguous, does] = SENSES[this.draws.below(SENSES.length)];
    const clue = this.words.length;
    this.put(person);
    this.put(this.draws.take(this.verbs));
    this.perhapsAdjective();
    this.put(ambiguous);
    this.put("that");
    this.put(does, "sense", clue);
    this.put(".");
  }
  list() {
    this.put("list:");
    this.begin = this.words.length;
    const end = this.begin + FEWEST_THINGS + this.draws.below(LIST_LENGTHS);
    while (this.words.length < end) this.put(this.draws.take(this.things));
    this.put(".");
    this.end = this.words.length;
  }
  repetition() {
    this.put("parrot:");
    const start = this.begin + this.draws.below(this.end - this.begin - LEAST_REPEATED);
    this.put(this.words[start], "start");
    for (let at = start + 1; at < this.end; at++) {
      const word = this.words[at];
      this.put(word, word === "." ? "" : "copied", at);
    }
  }
}

/**
 * A text of `nWords` words: `{ words, kinds, clues }`. A kind is "start", "copied", "sense" or ""; a clue is
 * the place of the earlier word that settles this one, -1 where nothing does.
 */
export function text(draws, nWords) {
  const writer = new Writer(draws);
  const [FIRST, SECOND, THIRD] = [0, 1, 2]; // where the sentence stands
  let place = draws.below(3);
  if (place === FIRST) writer.sentence();
  writer.list();
  if (place === SECOND) writer.sentence();
  while (writer.words.length < nWords) {
    writer.repetition();
    if (place === THIRD) writer.sentence();
    place = null;
  }
  const [words, kinds, clues] = [writer.words, writer.kinds, writer.clues].map((all) =>
    all.slice(0, nWords),
  );
  return { words, kinds, clues };
}

/**
 * `nTexts` texts, one after the other: `ids` of their words, the `answers` (each word's next), whether the
 * text before it has `settled` an answer (1 or 0), and the answers' `kinds`.
 */
export function batch(draws, nTexts, nWords) {
  const n = nTexts * nWords;
  const [given, answers, settled] = [new Int32Array(n), new Int32Array(n), new Uint8Array(n)];
  const kinds = [];
  for (let begin = 0; begin < n; begin += nWords) {
    const made = text(draws, nWords + 1);
    const numbers = ids(made.words);
    given.set(numbers.slice(0, -1), begin);
    answers.set(numbers.slice(1), begin);
    settled.set(
      made.clues.slice(1).map((clue) => clue >= 0),
      begin,
    );
    kinds.push(...made.kinds.slice(1));
  }
  return { ids: given, answers, settled, kinds };
}
