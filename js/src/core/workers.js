// Workers made from a text, so that they work from disk and in a notebook.

const addresses = new Map(); // of sources, one for all workers of the page
let isRefused = false; // a worker, to this page

/** Whether this page can have a worker, as far as it is known. */
export const canWork = () =>
  !isRefused &&
  typeof Worker === "function" &&
  typeof Blob === "function" &&
  typeof globalThis.URL?.createObjectURL === "function";

/** Some browsers tell only by an error of the worker that they allow none. */
export function noteRefusal() {
  isRefused = true;
}

function addressOf(source) {
  if (!addresses.has(source)) {
    const blob = new Blob([source], { type: "text/javascript" });
    addresses.set(source, URL.createObjectURL(blob));
  }
  return addresses.get(source);
}

/** A worker that runs `source`, or null where there can be none. */
export function makeWorker(source) {
  if (!canWork()) return null;
  try {
    return new Worker(addressOf(source));
  } catch {
    noteRefusal();
    return null;
  }
}
