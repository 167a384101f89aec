// Where one weight of the chosen head comes from.
import { number } from "../../core/format.js";

const signed = (value) => `${value < 0 ? "−" : "+"} ${number(Math.abs(value))}`;
const back = (n) => (n === 0 ? "the word itself" : n === 1 ? "one word back" : `${n} words back`);
const away = (n) => (n < 0 ? `${-n} ahead` : back(n));

export function Arithmetic({ g }) {
  const told = g.account.value;
  if (!told)
    return (
      <p class="al-hint">
        Choose a cell of the pattern: the arithmetic behind its weight appears here.
      </p>
    );
  const { query, key, product, bias, score, weight, total, width, isScaled } = told;
  const words = g.words.value;
  const agreement = isScaled ? `q · k ÷ √${width}` : "q · k";
  const silent = g.silent.value.some(([l, h]) => l === told.layer && h === told.head);
  return (
    <div class="al-strip">
      <p class="al-strip-title">
        Head {told.layer}.{told.head}: query <span class="al-query">{words[query]}</span>, key{" "}
        <span class="al-key">{words[key]}</span>, {away(query - key)}
      </p>
      {score === -Infinity ? (
        <p>This key is hidden: its score is −∞, its weight 0.</p>
      ) : (
        <ol class="al-steps">
          <li>
            score: {agreement} {bias !== null && "+ a number for the distance"} = {number(product)}{" "}
            {bias !== null && signed(bias)} = {number(score)}
          </li>
          <li>
            weight: its power among all that may be read, exp({number(score)}) ÷ {number(total)} ={" "}
            <strong>{number(weight)}</strong>
          </li>
        </ol>
      )}
      {silent && <p>The head is silent: it looks, and adds nothing.</p>}
    </div>
  );
}
