// A real model's next token, and what becomes of it when something is taken away.
import { computed, effect } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { list } from "../core/format.js";
import { MOST_CHARACTERS, MOST_TOKENS, START } from "../core/liveModel.js";
import { LAST, RANGES } from "../core/recorded.js";
import { Bring } from "../parts/Bring.jsx";
import { Challenges } from "../parts/Challenges.jsx";
import { Choice } from "../parts/Choice.jsx";
import { Examples } from "../parts/Examples.jsx";
import { Figure, useVoice } from "../parts/Figure.jsx";
import { Guesses, SHOWN, rowsOf, share } from "../parts/nextword/Guesses.jsx";
import { Silence, nameOf } from "../parts/nextword/Silence.jsx";
import { Tokens, shown } from "../parts/nextword/Tokens.jsx";
import { makeModel, useModel } from "../parts/nextword/useModel.js";
import { OwnText } from "../parts/OwnText.jsx";
import { useFigureState } from "../parts/useFigureState.js";

const STATE = ["text", "cut", "layers", "silent", "last"];
const N_LAYERS = 30;
const N_HEADS = 9;
const UNTOUCHED = { cut: [], silent: [], last: 0 };

const nameOfRange = ([first, last]) =>
  first === 0 && last === N_LAYERS - 1 ? "all, 0 to 29" : `${first} to ${last}`;

const wordsOfRange = (layers) =>
  layers[0] === 0 && layers[1] === N_LAYERS - 1 ? "all layers" : `layers ${nameOfRange(layers)}`;

function graph(s, model, voice) {
  const taken = computed(() => ({
    ...{ cut: s.cut.value, layers: s.layers.value },
    ...{ silent: s.silent.value, last: s.last.value },
  }));
  const known = makeModel({ model, text: s.text, taken, voice });
  const told = computed(() => {
    const [before, now] = [known.before.value, known.now.value];
    if (!before || !now) return null;
    return { before, now };
  });
  return { known, taken, told };
}

/** What was taken away, in words. */
function wordsOf({ cut, layers, silent, last }, pieces) {
  const parts = [];
  if (cut.length) {
    const hidden = list(cut.map((n) => `“${shown(pieces[n] ?? "")}”`));
    parts.push(`${hidden} hidden from the last token in ${wordsOfRange(layers)}`);
  }
  if (silent.length)
    parts.push(`${silent.length === 1 ? "head" : "heads"} ${list(silent.map(nameOf))} silent`);
  if (last) parts.push(`each token looking at the last ${last} alone, itself included`);
  return parts.join("; ");
}

/** What a link holds, checked field by field. */
function readState(raw, model) {
  const recording = Object.values(model.get("recordings")).find(({ text }) => text === raw.text);
  const n = recording?.ids.length ?? MOST_TOKENS;
  const whole = (v, low, high) => Number.isInteger(v) && v >= low && v <= high;
  const isHead = (v) =>
    Array.isArray(v) &&
    v.length === 2 &&
    whole(v[0], 0, N_LAYERS - 1) &&
    whole(v[1], 0, N_HEADS - 1);
  const distinct = (v) => new Set(v.map(String)).size === v.length;
  const checks = {
    text: (v) => typeof v === "string" && v.trim() !== "" && v.length <= MOST_CHARACTERS,
    cut: (v) => Array.isArray(v) && distinct(v) && v.every((at) => whole(at, 0, n - 2)),
    layers: (v) =>
      Array.isArray(v) && v.length === 2 && whole(v[0], 0, v[1]) && whole(v[1], 0, N_LAYERS - 1),
    silent: (v) => Array.isArray(v) && distinct(v) && v.every(isHead),
    last: (v) => whole(v, 0, MOST_TOKENS),
  };
  for (const [name, fits] of Object.entries(checks))
    if (!fits(raw[name])) throw new Error(`its ${name} does not fit this figure`);
  return Object.fromEntries(STATE.map((name) => [name, raw[name]]));
}

/** A text as Python writes it: what JSON escapes, Python reads alike. */
const python = (text) => JSON.stringify(text);

function snippet(s, g) {
  const { cut, silent, last } = g.known.fitting.value;
  const [first, final] = s.layers.value;
  const heads = silent.map(([layer, head]) => `(${layer}, ${head})`).join(", ");
  return [
    "import numpy as np",
    "import attnlib as al",
    "",
    "model = al.load_smollm2()",
    `ids = model.tokenizer.encode(${python(START + s.text.value)}).ids`,
    `hidden, layers = [${cut.join(", ")}], range(${first}, ${final + 1})`,
    "cut = [(layer, len(ids) - 1, key) for layer in layers for key in hidden]",
    `logits = model(np.array(ids), cut=cut, silent=[${heads}], last=${last || "None"})[-1]`,
    "for i in np.argsort(-logits)[:5]:",
    "    print(repr(model.tokenizer.decode([i])), al.softmax(logits)[i].round(3))",
  ].join("\n");
}

function probabilityOf(token, run) {
  return run.find(({ piece }) => piece === ` ${token}`)?.p ?? 0;
}

const MEASURES = {
  probability: {
    label: ({ token }) => `probability of ${token}`,
    of: ({ token }, { g }) => g.told.value && probabilityOf(token, g.told.value.now),
  },
  hidden: { label: () => "hidden tokens", of: (_, { s }) => s.cut.value.length },
  layers: {
    label: () => "layers in which they are hidden",
    of: (_, { s }) => s.layers.value[1] - s.layers.value[0] + 1,
  },
  silent: { label: () => "silent heads", of: (_, { s }) => s.silent.value.length },
  last: { label: () => "tokens that each may look at", of: (_, { s }) => s.last.value },
};

/** Says the new five, politely, when they change; not at the start. */
function useTold(g, voice) {
  useEffect(() => {
    let before = g.told.peek();
    return effect(() => {
      const told = g.told.value;
      if (!told || told === before) return;
      const isFirst = before === null;
      before = told;
      if (isFirst) return;
      voice.speakAtRest(() =>
        told.now
          .slice(0, SHOWN)
          .map(({ piece, p }) => `${shown(piece)} ${share(p)}`)
          .join(", "),
      );
    });
  }, []);
}

const OFFER = {
  page: "The model itself can run it: bring it here, below.",
  kernel: "The kernel’s model can run it: ask it, below.",
  null: "This copy of the book has no model to run it.",
};

function Answer({ g, onAppend }) {
  const { known } = g;
  const told = g.told.value;
  const before = known.before.value;
  const isTaken = known.isTaken.value;
  const pieces = known.tokens.value?.pieces;
  const what = pieces ? wordsOf(known.fitting.value, pieces) : "";
  const isAsked = known.status.value === "here" && !known.wrong.value;
  const missing = isAsked
    ? "The model is at work."
    : known.wrong.value
      ? "No answer for this."
      : before
        ? `This was not recorded: ${what}. ${OFFER[known.where]}`
        : `This text was not recorded. ${OFFER[known.where]}`;
  return (
    <div class="al-answer">
      <p class="al-answer-told">
        {told ? (
          isTaken ? (
            <>With {what}:</>
          ) : (
            "With nothing taken away:"
          )
        ) : (
          <strong>{missing}</strong>
        )}
      </p>
      <Guesses
        now={told?.now ?? before ?? []}
        before={before ?? []}
        isTaken={isTaken && told !== null}
        isOld={!told}
        onAppend={onAppend}
      />
    </div>
  );
}

export function NextWord({ model }) {
  const voice = useVoice();
  const recordings = Object.values(model.get("recordings"));
  const { s, g, start, put, linkState, reset } = useFigureState({
    model,
    voice,
    names: STATE,
    derive: (signals) => graph(signals, model, voice),
    read: (raw) => readState(raw, model),
  });
  const { known } = g;
  useModel(known);
  useTold(g, voice);
  const [grownFrom, setGrownFrom] = useState([]);
  const use = (text) => {
    voice.tell("");
    setGrownFrom([]);
    put({ ...UNTOUCHED, layers: s.layers.peek(), text });
  };
  const append = ({ piece }) => {
    const text = s.text.peek();
    const limit = (known.tokens.peek()?.ids.length ?? 0) + 1;
    if (limit > MOST_TOKENS)
      return voice.tell(`The text has ${MOST_TOKENS} tokens, and the figure takes no more.`, true);
    setGrownFrom([...grownFrom, text]);
    put({ ...UNTOUCHED, text: text + piece });
    voice.speak(`${shown(piece)} appended`);
  };
  const takeBack = () => {
    put({ ...UNTOUCHED, text: grownFrom.at(-1) });
    setGrownFrom(grownFrom.slice(0, -1));
  };
  const hide = (n, on) => {
    const others = s.cut.peek().filter((one) => one !== n);
    put({ cut: on ? [...others, n].sort((a, b) => a - b) : others });
  };
  const tokens = known.tokens.value;
  const text = s.text.value;
  const ranges = [...RANGES];
  if (!ranges.some((one) => String(one) === String(s.layers.value))) ranges.push(s.layers.value);
  const lasts = [...new Set([0, ...LAST, s.last.value])];
  const nameOfLast = (k) =>
    k === 0 ? "all before it" : k === 1 ? "itself alone" : `the last ${k}`;
  return (
    <Figure
      figure="NextWord"
      model={model}
      voice={voice}
      title={model.get("title")}
      claim="A language model gives every token a probability to come next. Take something away from it, and see what the guess was made of."
      snippet={() => snippet(s, g)}
      linkState={linkState}
      reset={() => {
        setGrownFrom([]);
        reset();
      }}
      values={() => ({
        before: known.before.value,
        now: known.now.value,
        pieces: known.tokens.value?.pieces ?? null,
        rows: g.told.value && rowsOf(g.told.value.now, g.told.value.before),
      })}
      after={
        <Challenges
          {...{ model, s, voice }}
          measure={(condition) => MEASURES[condition.measure].of(condition, { s, g })}
          name={(condition) => MEASURES[condition.measure].label(condition)}
          needs={{ text: (text) => `the text “${text}”` }}
          onStart={({ given, setting }) => {
            setGrownFrom([]);
            put({ ...start, ...given, ...setting });
          }}
        />
      }
    >
      <div class="al-sentence" data-not-in-picture>
        <Examples
          label="Text"
          value={text}
          choices={Object.fromEntries(recordings.map((one) => [one.text, one.title]))}
          onChange={use}
        />
        <OwnText summary="Write your own" text={text} tell={voice.tell} onUse={use} />
      </div>
      <div class="al-next-word" data-picture>
        <div class="al-asked">
          <p class="al-strip-title">The text. Press a token to hide it from the last one</p>
          {tokens ? (
            <Tokens pieces={tokens.pieces} cut={known.fitting.value.cut} onHide={hide} />
          ) : (
            <p class="al-tokens al-untold">{text}</p>
          )}
          {grownFrom.length > 0 && (
            <p data-not-in-picture>
              <button type="button" onClick={takeBack}>
                Take the last token back
              </button>
            </p>
          )}
          <div class="al-controls" data-not-in-picture>
            <Choice
              label="Hidden in layers"
              value={String(s.layers.value)}
              choices={Object.fromEntries(ranges.map((one) => [String(one), nameOfRange(one)]))}
              onChange={(value) => put({ layers: value.split(",").map(Number) })}
            />
            <Choice
              label="Every token looks at"
              value={String(s.last.value)}
              choices={Object.fromEntries(lasts.map((k) => [String(k), nameOfLast(k)]))}
              onChange={(value) => put({ last: Number(value) })}
            />
          </div>
          <div data-not-in-picture>
            <Silence silent={s.silent.value} onChange={(silent) => put({ silent })} />
          </div>
        </div>
        <Answer g={g} onAppend={append} />
        <Bring known={known} besides=", with anything taken away" />
      </div>
      <p class="al-hint">
        The model is SmolLM2-135M: 135 million numbers, which is small. It repeats prejudices that
        it has read, and what it says need not be true. Nothing is drawn by lot: you see what it
        gives the highest probabilities.
      </p>
    </Figure>
  );
}
