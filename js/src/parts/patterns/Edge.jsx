// What is known of the chosen head and of the chosen edge.
import { number } from "../../core/format.js";

const STRONGEST = 5;

/** The places of the largest of `values`, the largest first. */
const strongest = (values) =>
  [...values.keys()]
    .sort((a, b) => values[b] - values[a])
    .slice(0, STRONGEST)
    .filter((n) => values[n] > 0);

function away(query, key) {
  if (query === key) return "the token itself";
  const n = Math.abs(query - key);
  return `${n} ${n === 1 ? "token" : "tokens"} ${key < query ? "back" : "ahead"}`;
}

function Line({ label, value, most, kind, onClick, children }) {
  return (
    <tr>
      <th scope="row">
        {onClick ? (
          <button type="button" class="al-plain" data-in-picture onClick={onClick}>
            {label}
          </button>
        ) : (
          label
        )}
      </th>
      <td>{number(value)}</td>
      <td class="al-bar-cell" aria-hidden="true">
        <svg viewBox="0 0 100 10" preserveAspectRatio="none">
          <line class={kind} x1="0" y1="5" x2={most ? (100 * value) / most : 0} y2="5" />
        </svg>
      </td>
      {children}
    </tr>
  );
}

/** What the chosen query reads most, in this head. */
function Reads({ g, s, onSelect }) {
  const row = g.row.value;
  const by = s.show.value === "added" ? row.added : row.weights;
  const query = g.query.value;
  return (
    <table class="al-numbers al-lines">
      <caption>
        <span class="al-query">{g.queries[query]}</span> reads most
      </caption>
      <tbody>
        {strongest(by).map((j) => (
          <Line
            label={g.keyNames[j]}
            value={by[j]}
            most={by === row.added ? Math.max(...by) : 1}
            kind={by === row.added ? "al-value" : "al-weight"}
            onClick={() => onSelect(query, j)}
          />
        ))}
      </tbody>
    </table>
  );
}

/** The heads in which this edge has the most weight. */
function Others({ g, edge, onChoose }) {
  const all = g.acrossHeads(...edge);
  return (
    <table class="al-numbers al-lines">
      <caption>this edge in other heads</caption>
      <tbody>
        {strongest(all).map((head) => (
          <Line
            label={`head ${g.headName(head)}`}
            value={all[head]}
            most={1}
            kind="al-weight"
            onClick={() => onChoose(head)}
          />
        ))}
      </tbody>
    </table>
  );
}

function Scores({ g }) {
  const scores = Object.values(g.scores.value).filter(Boolean);
  if (!scores.length) return null;
  return (
    <table class="al-numbers al-lines">
      <caption>scores of head {g.headName(g.head.value)}</caption>
      <thead>
        <tr>
          <td />
          <th scope="col">score</th>
          <td />
          <th scope="col">uniform</th>
        </tr>
      </thead>
      <tbody>
        {scores.map(({ label, heads, uniform }) => (
          <Line label={label} value={heads[g.head.value]} most={1} kind="al-weight">
            <td>{number(uniform)}</td>
          </Line>
        ))}
      </tbody>
    </table>
  );
}

function Chosen({ g, edge }) {
  const [query, key] = edge;
  const { weights, added } = g.row.value;
  const words = (
    <>
      query <span class="al-query">{g.queryNames[query]}</span>, key{" "}
      <span class="al-key">{g.keyNames[key]}</span>
      {g.cross ? "" : `, ${away(query, key)}`}
    </>
  );
  if (!g.may(query, key)) return <p>{words}: hidden, weight 0.</p>;
  const all = added?.reduce((sum, length) => sum + length, 0);
  return (
    <p>
      {words}: weight <strong>{number(weights[key])}</strong>
      {added && (
        <>
          , adds a vector of length <strong>{number(added[key])}</strong>
          {all > 0 && ` of ${number(all)} in all, ${number((100 * added[key]) / all, 0)} %`}
        </>
      )}
      .
    </p>
  );
}

export function Edge({ s, g, onSelect, onChoose }) {
  const edge = s.selected.value;
  return (
    <div class="al-strip al-edge">
      <p class="al-strip-title">Head {g.headName(g.head.value)}</p>
      {edge ? (
        <Chosen {...{ g, edge }} />
      ) : (
        <p class="al-hint">Choose a cell of the large pattern: what it tells appears here.</p>
      )}
      <div class="al-edge-tables">
        <Reads {...{ g, s, onSelect }} />
        {edge && <Others {...{ g, edge, onChoose }} />}
        <Scores g={g} />
      </div>
      <p class="al-hint">Weights are kept in steps of 1/255: each is off by at most 0.002.</p>
    </div>
  );
}
