// What the newest word takes, and all words together: multiplications, numbers read, numbers kept.
import { many, whole } from "../../core/format.js";

const BYTES = 2; // of a number
const KINDS = ["projections", "scores", "mixing"];

export const sum = (work) => KINDS.reduce((total, kind) => total + work[kind], 0);
const total = (works, kind) => works.reduce((all, work) => all + work[kind], 0);

/** How each kind is reckoned: rows or pairs, times what each takes. */
function reckoning({ block, nKept, nRows, nPairs }) {
  const [nHeads, dModel] = [block.w_q.length, block.w_q[0].length];
  const [key, value] = [block.w_q[0][0].length, block.w_o[0].length];
  return {
    projections: `${many(nRows, "row")} × ${dModel} × ${nHeads * (key + value) + nKept}`,
    scores: `${many(nPairs, "pair")} × ${nHeads} × ${key}`,
    mixing: `${many(nPairs, "pair")} × ${nHeads} × ${value}`,
  };
}

/** `works` has the multiplications of every word that is written, by kind; `nRead`, `nHeld` are places. */
export function Bill({ works, nRead, nHeld, allRead, ...sizes }) {
  const here = works.at(-1);
  const how = reckoning(sizes);
  const { nKept } = sizes;
  const cached = (n) => `${many(n, "place")} × ${nKept}`;
  const line = (name, told, now, all) => (
    <tr>
      <th scope="row">{name}</th>
      <td class="al-how">{told}</td>
      <td>{whole(now)}</td>
      <td>{all === null ? "" : whole(all)}</td>
    </tr>
  );
  return (
    <table class="al-numbers al-bill" aria-label="what it takes">
      <thead>
        <tr>
          <th scope="col">multiplications</th>
          <td class="al-how" />
          <th scope="col">this word</th>
          <th scope="col">in all</th>
        </tr>
      </thead>
      <tbody>
        {KINDS.map((kind) => line(kind, how[kind], here[kind], total(works, kind)))}
        <tr class="al-total">
          <th scope="row">together</th>
          <td class="al-how" />
          <td>{whole(sum(here))}</td>
          <td>{whole(works.reduce((all, work) => all + sum(work), 0))}</td>
        </tr>
        {line("numbers read", cached(nRead), nRead * nKept, allRead)}
        {line("numbers kept", cached(nHeld), nHeld * nKept, null)}
        {line("bytes kept", `${whole(nHeld * nKept)} × ${BYTES}`, BYTES * nHeld * nKept, null)}
      </tbody>
    </table>
  );
}
