// Byte-level pair encoding as the model's own tokenizer does it: control tokens whole, digits one by one, then
// words with the space before them, whose bytes are merged in the order in which the merges were learned.

const LONGEST_TEXT = 20_000; // UTF-16 units, far more than the model can read
const NUMERAL = /(\p{N})/u;
const WORDS =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

const literal = (text) => text.replace(/[$()*+.?[\\\]^{|}]/g, "\\$&");
const pairOf = (left, right) => left * 65536 + right;

export class Tokenizer {
  /**
   * Ids are given out in this order: `control` texts, the `bytes` that have a token, and for each of `merges`,
   * `[left, right, left, right, ...]`, what it makes.
   */
  constructor({ control, bytes }, merges) {
    Object.assign(this, { control, bytes, merges });
    this.firstMerged = control.length + bytes.length;
    this.controlTexts = new RegExp(`(${control.map(literal).join("|")})`);
    this.idOfByte = new Map(bytes.map((byte, i) => [byte, control.length + i]));
    this.made = new Map();
    for (let i = 0; i < merges.length; i += 2)
      this.made.set(pairOf(merges[i], merges[i + 1]), this.firstMerged + i / 2);
  }

  /** The ids of `text`. Half an emoji counts as U+FFFD, as in UTF-8; a byte without a token is left out. */
  encode(text) {
    if (text.length > LONGEST_TEXT)
      throw new RangeError(`The text has ${text.length} letters, but ${LONGEST_TEXT} fit.`);
    const wellFormed = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
      new TextEncoder().encode(text),
    );
    return wellFormed.split(this.controlTexts).flatMap((part, i) => {
      if (i % 2) return [this.control.indexOf(part)];
      const words = part.split(NUMERAL).flatMap((piece) => piece.match(WORDS) ?? []);
      return words.flatMap((word) => this.encodeWord(word));
    });
  }
  encodeWord(word) {
    const found = [...new TextEncoder().encode(word)].map((byte) => this.idOfByte.get(byte));
    let ids = found.filter((id) => id !== undefined);
    // A merge makes a later id than those it joins: what the first merge leaves, a later one finds.
    for (let id = this.firstMerge(ids); id < Infinity; id = this.firstMerge(ids))
      ids = this.join(ids, id);
    return ids;
  }
  /** The id of the merge that was learned first, of those that `ids` allow. */
  firstMerge(ids) {
    let first = Infinity;
    for (let i = 1; i < ids.length; i++) {
      const id = this.made.get(pairOf(ids[i - 1], ids[i]));
      if (id < first) first = id;
    }
    return first;
  }
  /** `ids` with each pair that makes `id` joined, from left to right. */
  join(ids, id) {
    const [left, right] = this.halves(id);
    const joined = [];
    for (let i = 0; i < ids.length; i++) {
      const isPair = ids[i] === left && ids[i + 1] === right;
      joined.push(isPair ? id : ids[i]);
      if (isPair) i++;
    }
    return joined;
  }
  halves(id) {
    const at = 2 * (id - this.firstMerged);
    return [this.merges[at], this.merges[at + 1]];
  }

  /** What the token `id` says; bytes that are no letter by themselves become U+FFFD. */
  piece(id) {
    if (id < this.control.length) return this.control[id];
    const bytes = Uint8Array.from(this.bytesOf(id));
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  }
  bytesOf(id) {
    if (id < this.firstMerged) return [this.bytes[id - this.control.length]];
    return this.halves(id).flatMap((half) => this.bytesOf(half));
  }
}
