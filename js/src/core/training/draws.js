// Random numbers that are the same in Python and in every browser: whole numbers of 32 bits, and one division.

const STEP = 0x6d2b79f5;
export const LARGEST_SEED = 2 ** 32 - 1;

/** A stream of numbers (mulberry32). Its `state` is the seed of what is still to come. */
export class Draws {
  constructor(seed) {
    if (!(Number.isInteger(seed) && seed >= 0 && seed <= LARGEST_SEED))
      throw new RangeError(
        `seed is ${seed}, but a whole number from 0 to ${LARGEST_SEED} is needed`,
      );
    this.state = seed;
  }
  /** The next number, in [0, 1). */
  next() {
    this.state = (this.state + STEP) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  /** A whole number from 0 to n - 1. */
  below(n) {
    return Math.floor(this.next() * n);
  }
  /** Takes an item out of `list`. */
  take(list) {
    return list.splice(this.below(list.length), 1)[0];
  }
}
