// A link that opens one figure in one state: #figure=<key>&state=<base64url of JSON>.

const encode = (text) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const decode = (text) =>
  new TextDecoder("utf-8", { fatal: true }).decode(
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0)),
  );

const LONGEST = 20000;

/** `alone`: the link opens the figure alone, over the whole window. */
export function toLink(base, key, state, alone = false) {
  const parts = [`figure=${encodeURIComponent(key)}`, `state=${encode(JSON.stringify(state))}`];
  return `${base.split("#")[0]}#${[...parts, ...(alone ? ["alone"] : [])].join("&")}`;
}

const partsOf = (hash) => new URLSearchParams(hash.replace(/^#/, ""));

/** The key of the figure that a link opens; null if it opens none. */
export const figureOf = (hash) => partsOf(hash).get("figure");

/** Whether a link opens its figure alone. */
export const opensAlone = (hash) => partsOf(hash).has("alone");

/** The state a link holds for the figure `key`; null if it is not for it; throws if unreadable. */
export function fromLink(hash, key) {
  const parts = partsOf(hash);
  if (parts.get("figure") !== key || !parts.has("state")) return null;
  const text = parts.get("state");
  if (text.length > LONGEST) throw new Error(`it is longer than ${LONGEST} characters`);
  let state;
  try {
    state = JSON.parse(decode(text));
  } catch {
    throw new Error("it was cut short or changed on the way");
  }
  if (state === null || typeof state !== "object" || Array.isArray(state))
    throw new Error("it does not hold a figure's state");
  return state;
}
