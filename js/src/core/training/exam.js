// What a model has learnt, on texts it has not seen.
import { softmax } from "./arithmetic.js";
import { AttentionOnly } from "./attention_only.js";
import { Draws } from "./draws.js";
import { batch } from "./parrot.js";

export const EXAM = Object.freeze({ nTexts: 96, seed: 99 }); // texts that no run is trained on: its seeds begin at 1000

class Mean {
  constructor() {
    [this.sum, this.count] = [0, 0];
  }
  add(value) {
    this.sum += value;
    this.count++;
  }
  get value() {
    return this.sum / this.count;
  }
}

const isHighest = (row, at) => row.every((value) => value <= row[at]);

/** How surprising the answers are to a model, and how often its best guess is right. */
class Guesses {
  constructor() {
    [this.loss, this.settledLoss] = [new Mean(), new Mean()];
    [this.copied, this.sense] = [new Mean(), new Mean()];
  }
  add(logits, { answers, settled, kinds }) {
    const { data, columns } = logits;
    answers.forEach((answer, word) => {
      const row = data.subarray(word * columns, (word + 1) * columns);
      this[kinds[word]]?.add(isHighest(row, answer));
      const logit = row[answer];
      const surprise = softmax(data, word * columns, columns) - logit;
      this.loss.add(surprise);
      if (settled[word]) this.settledLoss.add(surprise);
    });
  }
}

/** How far one head looks at the previous word, and, before a copied word, at what followed the same word earlier. */
class Looks {
  constructor() {
    [this.previous, this.matching] = [new Mean(), new Mean()];
  }
  add(pattern, { ids, kinds }) {
    ids.forEach((id, query) => {
      if (query > 0) this.previous.add(pattern.data[pattern.at(query, query - 1)]);
      if (kinds[query] !== "copied") return;
      let matching = 0;
      for (let key = 1; key <= query; key++)
        if (ids[key - 1] === id) matching += pattern.data[pattern.at(query, key)];
      this.matching.add(matching);
    });
  }
}

/**
 * Examines `{ recipe, weights }` on texts drawn from `seed`, without the heads in `silent`: the mean `loss`, that
 * of settled words, the shares of right guesses of copied words (`copying`) and of what the person in a text
 * decides (`sense`), and two scores of every head, a row for each layer.
 */
export function examine({ recipe, weights }, { silent = [], ...given } = {}) {
  const { nTexts, seed } = { ...EXAM, ...given };
  const model = new AttentionOnly(recipe, weights, 1);
  const draws = new Draws(seed);
  const guesses = new Guesses();
  const looks = model.blocks.map(() => Array.from({ length: recipe.nHeads }, () => new Looks()));
  for (let n = 0; n < nTexts; n++) {
    const given = batch(draws, 1, recipe.nWords);
    guesses.add(model.forward(given.ids, silent), given);
    looks.forEach((heads, layer) =>
      heads.forEach((look, head) => look.add(model.blocks[layer].pattern(0, head), given)),
    );
  }
  const valuesOf = (score) => looks.map((heads) => heads.map((head) => head[score].value));
  return {
    loss: guesses.loss.value,
    settledLoss: guesses.settledLoss.value,
    copying: guesses.copied.value,
    sense: guesses.sense.value,
    previousWord: valuesOf("previous"),
    prefixMatching: valuesOf("matching"),
  };
}
