// The fold for a text of the reader's own.
import { Bring } from "../Bring.jsx";
import { OwnText } from "../OwnText.jsx";

/** `first`: the text that the figure began with, as traits. */
export function Own({ s, reader, first }) {
  const text = s.text.value;
  const told = reader.told.value;
  const back = () => {
    reader.forget();
    reader.show(first);
  };
  return (
    <div class="al-sentence" data-not-in-picture>
      <OwnText
        summary="Your own text"
        text={reader.asked.value?.text ?? text}
        isWaiting={reader.asked.value !== null}
        tell={reader.tell}
        onUse={reader.use}
      >
        {told && <p class={`al-message ${told.isError ? "al-wrong" : ""}`}>{told.text}</p>}
        {reader.isBusy.value && <p>The model is at work.</p>}
        {text !== first.text && (
          <button type="button" onClick={back}>
            Show the first text again
          </button>
        )}
        <Bring known={reader} />
      </OwnText>
    </div>
  );
}
