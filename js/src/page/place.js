// Where a reader stands in a chapter: noted when the page is left, for the landing page.
import { remember } from "../core/progress.js";

const READ = 0.4; // of the window's height: a heading above this line has been reached

/** The last heading that has been reached, or the chapter's title. */
function headingReached(headings) {
  const reached = headings.filter(
    (heading) => heading.getBoundingClientRect().top < READ * innerHeight,
  );
  return reached.at(-1) ?? headings[0];
}

/** Note the place in `chapter`, a number, whenever its page is hidden or left. */
export function notePlace(chapter, root = document) {
  const headings = [...root.querySelectorAll(".bd-article :is(h1, h2, h3)")];
  if (!headings.length) return;
  const note = () => {
    if (document.visibilityState === "visible") return;
    const heading = headingReached(headings);
    const anchor = heading.closest("section[id]")?.id ?? "";
    const text = heading.cloneNode(true);
    text.querySelectorAll(".headerlink, .section-number").forEach((part) => part.remove());
    remember("place", { chapter, anchor, heading: text.textContent.trim() });
  };
  addEventListener("visibilitychange", note);
}
