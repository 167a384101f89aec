// Files beside a page. Opened from disk, a page may load scripts but reads no files: a script carries each,
// attnlib/sphinx_ext/carriers.py.
import { download } from "./download.js";

/** The file at `address`, in base64; null where there is none. */
export function carried(address) {
  return new Promise((done) => {
    const carrier = document.createElement("script");
    carrier.src = `${address}.js`;
    carrier.onload = () => done(takeCarried(carrier));
    carrier.onerror = () => done(takeCarried(carrier));
    document.head.append(carrier);
  });
}

/** What `carrier` has left, which may be large: nothing keeps it, or takes it for the next one's. */
function takeCarried(carrier) {
  const text = globalThis.attnlibCarried ?? null;
  delete globalThis.attnlibCarried;
  carrier.remove();
  return text;
}

/** The bytes that `text` says in base64. */
export function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
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
    download(new Blob([bytesOf(text)]), link.href.split("/").at(-1));
  });
}
