// Names in a plane: what they take up, and whether it is free.

export const LETTER = 7.2; // pixels, rather too many
export const LINE = 12; // pixels, the height of a name

/** What a name takes up, about; the breadth of a letter and the height are others where the type is. */
export function boxOf({ x, y, anchor, text }, letter = LETTER, line = LINE) {
  const width = text.length * letter;
  const left = anchor === "start" ? x : anchor === "end" ? x - width : x - width / 2;
  return { left, right: left + width, top: y - line + 3, bottom: y + 3 };
}

export const boxAround = ([x, y], half) => ({
  left: x - half,
  right: x + half,
  top: y - half,
  bottom: y + half,
});

/** Whether `box` lies on none of the boxes `full`. */
export const isFree = (box, full) =>
  full.every(
    (other) =>
      box.right < other.left ||
      other.right < box.left ||
      box.bottom < other.top ||
      other.bottom < box.top,
  );
