// Train, pause, one step, back to a step that was kept.
import { Slider } from "../Slider.jsx";
import { useOwnId } from "../useOwnId.js";

/** What is to come, in words: reckoned from the steps so far. */
function told({ going, step, steps, msPerStep }) {
  const left = Math.ceil(((steps - step) * msPerStep) / 1000);
  if (going) return msPerStep ? `about ${left} s to go` : "starting";
  return step >= steps ? "trained" : "";
}

export function Drive({ g }) {
  const id = useOwnId();
  const { going, msPerStep, ...training } = g.training;
  const { step, steps } = g.position.value;
  const keptSteps = training.steps.value;
  const at = Math.max(
    0,
    keptSteps.findLastIndex((kept) => kept <= step),
  );
  const isRecorded = training.isRecorded.value;
  const main = going.value
    ? "Pause"
    : isRecorded || step === 0
      ? "Train"
      : step < steps
        ? "Go on"
        : "Train again";
  return (
    <div class="al-drive" data-not-in-picture>
      <div class="al-buttons" role="group" aria-label="Training">
        <button type="button" class="al-strong-button" onClick={training.toggle}>
          {main}
        </button>
        <button type="button" disabled={going.value || step >= steps} onClick={training.oneStep}>
          One step
        </button>
        {g.recording?.kept.size > 0 && !isRecorded && (
          <button type="button" onClick={training.showRecorded}>
            Show the recorded run
          </button>
        )}
      </div>
      <label class="al-field al-scrub" for={id}>
        <span>Step</span>
        <Slider
          id={id}
          min={0}
          max={Math.max(1, keptSteps.length - 1)}
          step={1}
          value={at}
          disabled={keptSteps.length < 2}
          aria-valuetext={`step ${step} of ${steps}`}
          onInput={(event) => training.look(keptSteps[Number(event.currentTarget.value)])}
        />
        <strong class="al-step-number">
          {step} of {steps}
        </strong>
      </label>
      <span class="al-drive-told">
        {told({ going: going.value, step, steps, msPerStep: msPerStep.value })}
      </span>
    </div>
  );
}
