// Direct writing, for what changes sixty times a second.

/** Sets the attributes that changed: the browser pays for setting one even to what it is. */
export function write(node, attributes) {
  const written = (node.written ??= {});
  let changed = false;
  for (const name in attributes) {
    if (written[name] === attributes[name]) continue;
    node.setAttribute(name, (written[name] = attributes[name]));
    changed = true;
  }
  return changed;
}
