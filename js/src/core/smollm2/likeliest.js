// The tokens that a model finds likeliest.

/** The `count` largest of `logits` as `{ id, logit, p }`, the largest first, `p` among all of them. */
export function likeliest(logits, count) {
  const ids = [];
  for (let id = 0; id < logits.length; id++) {
    if (ids.length === count && !(logits[id] > logits[ids.at(-1)])) continue;
    let place = ids.length;
    while (place > 0 && logits[id] > logits[ids[place - 1]]) place--;
    ids.splice(place, 0, id);
    if (ids.length > count) ids.pop();
  }
  const top = logits[ids[0]];
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - top);
  return ids.map((id) => ({ id, logit: logits[id], p: Math.exp(logits[id] - top) / total }));
}
