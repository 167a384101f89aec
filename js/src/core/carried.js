// Files beside a page. Opened from disk, a page may load scripts but reads no files: a script carries each,
// attnlib/sphinx_ext/carriers.py.
import { download } from "./download.js";

/** The file at `address`, in base64; null where there is none. */
export function carried(address) {
  return new Promise((done) => {
    const carrier = document.createElement("script");
    carrier.src = `${address}.js`;
    carrier.onload = () => done(globalThis.attnlibCarried);
    carrier.onerror = () => done(null);
    document.head.append(carrier);
  });
}

/** From disk, browsers show what a link asks them to download. */
export function downloadFromDisk() {
  if (location.protocol !== "file:") return;
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[download]");
    if (!link) return;
    event.preventDefault();
    const text = await carried(link.href);
    if (text === null) return open(link.href);
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    download(new Blob([bytes]), link.href.split("/").at(-1));
  });
}
