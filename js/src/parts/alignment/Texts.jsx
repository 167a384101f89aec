// The two texts: a menu of pairs, and a form for the reader's own.
import { useState } from "preact/hooks";
import { named } from "../Choice.jsx";
import { Examples } from "../Examples.jsx";
import { readSentence } from "../SentenceBox.jsx";
import { useOwnId } from "../useOwnId.js";

function TextInput({ label, value, onInput }) {
  const id = useOwnId();
  return (
    <p class="al-field al-own">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        spellcheck={false}
        autocomplete="off"
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </p>
  );
}

function Own({ asks, answers, vocabulary, onWrite, onUse }) {
  return (
    <details class="al-more">
      <summary>Write your own</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onUse([asks, answers]);
        }}
      >
        <TextInput label="The text that asks" value={asks} onInput={onWrite("asks")} />
        <TextInput label="The text that answers" value={answers} onInput={onWrite("answers")} />
        <button type="submit">Use</button>
      </form>
      <p>Words that have a vector: {Object.keys(vocabulary).join(", ")}.</p>
    </details>
  );
}

export function Texts({ asks, answers, pairs, vocabulary, onUse, voice }) {
  const titles = Object.keys(pairs);
  const chosen = titles.find((title) => pairs[title][0] === asks && pairs[title][1] === answers);
  const [typed, setTyped] = useState({});
  const use = (texts) => {
    const read = texts.map((text) => readSentence(text, vocabulary));
    const wrong = read.find((words) => words instanceof Error);
    if (wrong) return voice.tell(wrong.message, true);
    setTyped({});
    voice.tell("");
    onUse(...read.map((words) => words.join(" ")));
  };
  return (
    <div class="al-sentence" data-not-in-picture>
      <Examples
        label="Texts"
        value={chosen}
        choices={named(titles)}
        onChange={(title) => use(pairs[title])}
      />
      <Own
        {...{ asks, answers, ...typed, vocabulary }}
        onWrite={(name) => (text) => setTyped({ ...typed, [name]: text })}
        onUse={use}
      />
    </div>
  );
}
