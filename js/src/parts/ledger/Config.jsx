// A model's configuration file, pasted: what each of its lines means for attention.
import { useEffect, useState } from "preact/hooks";
import { readConfig } from "../../core/configs/read.js";
import { whole } from "../../core/format.js";
import { Choice, named } from "../Choice.jsx";
import { useOwnId } from "../useOwnId.js";

const MOST_LETTERS = 100_000;

/** What is wrong with a text that is no JSON; what browsers say of it differs. */
function whyNot(text) {
  if (!text.trim()) return "There is nothing here. Paste a config.json, or take one from the menu.";
  if (/\b(None|True|False)\b/.test(text))
    return "This is Python: JSON writes null, true and false. Print it with json.dumps.";
  if (/'\s*:/.test(text)) return "This is no JSON: its names stand between double quotes.";
  if (/,\s*[}\]]/.test(text)) return "This is no JSON: a comma stands before a closing bracket.";
  return "This is no JSON. Paste the whole file, from its { to its }.";
}

/** What `text` holds, or an `Error` with a sentence. */
export function parseConfig(text) {
  if (text.length > MOST_LETTERS)
    throw new Error(
      `This has ${whole(text.length)} letters; a config.json has a few thousand. Paste it alone.`,
    );
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(whyNot(text));
  }
}

function Lines({ lines }) {
  return (
    <dl class="al-config-lines">
      {lines.map(([name, value, meaning]) => (
        <div>
          <dt>
            <code style={{ marginLeft: `${1.5 * (name.split(".").length - 1)}rem` }}>
              {name.split(".").at(-1)}
            </code>{" "}
            <span>{value}</span>
          </dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}

/**
 * `lines`: those of the configuration that the shape is from; `several`: what is said above them where
 * the model has several parts; `onRead` takes a reading.
 */
export function Config({ examples, tables, lines, several, onRead, voice }) {
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState("");
  const [isOpen, setOpen] = useState(lines !== null);
  useEffect(() => lines && setOpen(true), [lines]);
  const id = useOwnId();
  const write = (typed) => {
    setText(typed);
    setWrong("");
  };
  const read = () => {
    try {
      onRead(readConfig(parseConfig(text), tables));
      setWrong("");
    } catch (error) {
      const said = `${error.message.replace(/\.$/, "")}. The model stays as it was.`;
      setWrong(said);
      voice.speak(said);
    }
  };
  return (
    <details class="al-more" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Paste a config.json</summary>
      <form
        class="al-config"
        onSubmit={(event) => {
          event.preventDefault();
          read();
        }}
      >
        <Choice
          label="Or take that of"
          value=""
          choices={{
            "": "choose a model",
            ...named(Object.keys(examples)),
          }}
          onChange={(title) => title && write(JSON.stringify(examples[title], null, 1))}
        />
        <label for={id}>
          The file, from its {"{"} to its {"}"}
        </label>
        <textarea
          id={id}
          rows={8}
          spellcheck={false}
          autocomplete="off"
          value={text}
          aria-invalid={wrong !== ""}
          aria-describedby={`${id}-wrong`}
          onInput={(event) => write(event.currentTarget.value)}
        />
        <p id={`${id}-wrong`} class="al-config-wrong" hidden={!wrong}>
          {wrong}
        </p>
        <button type="submit">Read it</button>
      </form>
      {several && <p class="al-config-several">{several}</p>}
      {lines && <Lines lines={lines} />}
    </details>
  );
}
