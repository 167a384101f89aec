// The tally, line by line; a line that is chosen shows its multiplication.
import { NORMS } from "../../core/counting/shape.js";
import { EXPERT } from "../../core/counting/tally.js";
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

/** What there is one of for all heads, or for all experts. */
const ONE = /(b_o|_latent|_rotary|_thin|index w_k)$/;
const unitOf = ({ part, name }) => {
  if (ONE.test(name) || (part === "feed-forward" && !name.includes(EXPERT))) return null;
  if (part === "feed-forward") return "expert";
  return name.endsWith("taps") ? "mixed number" : "head";
};

/** How many there are of an array, as it is reckoned. */
function howMany(entry, shape) {
  const { part, name, inLayer } = entry;
  if (part.endsWith("embedding")) return "one for the whole model";
  if (name === "scales and shifts")
    return `${NORMS[shape.norm]} × (${shape.n_norms} for each of ${many(shape.n_layers, "layer")}, and one at the end)`;
  const [layers, unit] = [many(entry.layers, "layer"), unitOf(entry)];
  if (part === "normalisation") return `${whole(inLayer)} for each of ${layers}`;
  return unit ? `${many(inLayer, unit)} × ${layers}` : `one for each of ${layers}`;
}

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
          how many: {howMany(entry, shape)}
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
