// What changes while the page is printed, and is undone afterwards.

/** `lay()` is called before the page is printed; what it gives is called after. Ends with what it returns. */
export function whenPrinted(lay) {
  const stop = new AbortController();
  let undo = null;
  const end = () => {
    undo?.();
    undo = null;
  };
  addEventListener("beforeprint", () => (undo ??= lay()), stop);
  addEventListener("afterprint", end, stop);
  return () => {
    stop.abort();
    end();
  };
}

/** Paper is white: a page that the reader sees in the dark is printed in its light colours. */
export function printInLight(page = document.documentElement) {
  return whenPrinted(() => {
    const { theme } = page.dataset;
    page.dataset.theme = "light";
    return () => (page.dataset.theme = theme);
  });
}
