// The tally, line by line; a line that is chosen shows its multiplication.
import { EXPERT, NORMS, withExperts } from "../../core/counting.js";
import { many, number, whole } from "../../core/format.js";

export function percent(share) {
  if (share > 0 && share < 0.001) return "below 0.1 %";
  return `${number(100 * share, 1)} %`;
}

const times = (numbers) => numbers.map(whole).join(" × ");

function Line({ entry, total, first, open, onOpen }) {
  const { part, name, size, copies } = entry;
  return (
    <tr class={open ? "al-in-row" : ""}>
      <th scope="row">
        <span class={`al-swatch al-part-${part}`} aria-hidden="true" />
        {first ? part : <span class="al-again">{part}</span>}
      </th>
      <td>
        <button
          type="button"
          data-in-picture
          aria-label={entry.id}
          aria-expanded={open}
          onClick={onOpen}
        >
          {name}
        </button>
      </td>
      <td>{times(size)}</td>
      <td>{whole(copies)}</td>
      <td>{whole(entry.total)}</td>
      <td>{percent(entry.total / total)}</td>
    </tr>
  );
}

export function Table({ counted, opened, onOpen }) {
  const { entries, total } = counted;
  return (
    <table class="al-numbers al-ledger" aria-label="the tally">
      <thead>
        <tr>
          {["part", "array", "size of one", "how many", "numbers", "share"].map((title) => (
            <th scope="col">{title}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {entries.map((entry, n) => (
          <Line
            {...{ entry, total }}
            first={entry.part !== entries[n - 1]?.part}
            open={entry.id === opened}
            onOpen={() => onOpen(entry.id === opened ? null : entry.id)}
          />
        ))}
      </tbody>
      <tfoot>
        <tr class="al-total">
          <th scope="row">all parameters</th>
          <td />
          <td />
          <td />
          <td>{whole(total)}</td>
          <td />
        </tr>
      </tfoot>
    </table>
  );
}

const ABOUT = {
  attention: ({ shape, name }) => {
    if (name === "b_o" || /_(latent|rotary)$/.test(name))
      return `one for each of ${many(shape.n_layers, "layer")}`;
    const heads = /_[kv]$/.test(name) ? shape.n_kv_heads : shape.n_heads;
    return `${many(heads, "head")} × ${many(shape.n_layers, "layer")}`;
  },
  "feed-forward": ({ shape, name, copies }) =>
    name.startsWith(EXPERT)
      ? `${many(shape.n_experts + shape.n_shared, "expert")} × ${many(withExperts(shape), "layer")}`
      : `one for each of ${many(copies, "layer")}`,
  normalisation: ({ shape, name, copies }) => {
    const layers = many(shape.n_layers, "layer");
    const each = name === "scales and shifts" ? shape.n_norms : copies / shape.n_layers;
    if (name !== "scales and shifts") return `${whole(each)} for each of ${layers}`;
    return `${NORMS[shape.norm]} × (${each} for each of ${layers}, and one at the end)`;
  },
  embedding: () => "one for the whole model",
  unembedding: () => "one for the whole model",
};

/** The multiplication behind the line that was chosen. */
export function Account({ counted, shape, opened }) {
  const entry = counted.entries.find(({ id }) => id === opened);
  if (!entry)
    return (
      <div class="al-strip">
        <p class="al-strip-title">Where does a number come from?</p>
        <p>Choose an array of the table.</p>
      </div>
    );
  const { part, name, size, copies, each, total } = entry;
  return (
    <div class="al-strip">
      <p class="al-strip-title">
        {part}: {name}
      </p>
      <ol class="al-steps">
        <li>
          in one: {times(size)}
          {size.length > 1 && ` = ${whole(each)}`}
        </li>
        <li>
          how many: {ABOUT[part]({ shape, name, copies })}
          {copies > 1 && ` = ${whole(copies)}`}
        </li>
        <li>
          together: {times([each, copies])} = <strong>{whole(total)}</strong>,{" "}
          {percent(total / counted.total)} of all
        </li>
      </ol>
    </div>
  );
}
