// A run in the making: what the worker has told, kept by step, and the control beside it.
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { textOf } from "../../core/training/recording.js";
import { createTrainer } from "../../core/training/index.js";

const EMPTY = { losses: [], exams: [], kept: new Map() };

/** `run` with what a report tells; what lay after the step it begins from is gone. */
function grown(run, { step, losses: [from, ...losses], weights, exams }) {
  const isOld = (at) => at <= from && exams.every((exam) => exam.step !== at);
  const kept = [...run.kept].filter(([at]) => isOld(at));
  const told = exams.map((exam) => [exam.step, exam.weights]);
  return {
    losses: [...run.losses.slice(0, from), ...losses],
    exams: [...run.exams.filter((exam) => isOld(exam.step)), ...exams],
    kept: new Map([...kept, ...told, [step, weights]]),
  };
}

/** The largest of `steps` that is not after `step`; 0 if there is none. */
const lastUntil = (steps, step) => Math.max(0, ...steps.filter((at) => at <= step));

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * The control: a run of the same seed from which nothing is taken away. A recording of it serves; else a
 * second worker makes it.
 */
function controlOf(untouched, recording) {
  const exams = signal([]);
  const trainer = createTrainer({
    onReport: (told) => (exams.value = grown({ ...EMPTY, exams: exams.peek() }, told).exams),
    onRest: () => {},
    onExamined: () => {},
  });
  const start = () => {
    trainer.start(untouched.peek());
    trainer.go();
  };
  return {
    exams,
    begin: () => {
      if (recording && same(recording.recipe, untouched.peek())) exams.value = recording.exams;
      else if (!exams.peek().length) start();
    },
    clear: () => {
      trainer.stop();
      exams.value = [];
    },
    end: () => trainer.end(),
    pause: () => trainer.pause(),
  };
}

/**
 * `recipe` and `untouched`, the control's, are signals; `recording` is a run that Python made, or null. `s`
 * holds the figure's `step`, `silent` and `recorded`.
 */
export function makeTraining({ s, recipe, untouched, recording, voice }) {
  const run = signal(EMPTY);
  const going = signal(false);
  const msPerStep = signal(null);
  const isRecorded = computed(
    () => s.recorded.value && recording !== null && same(recording.recipe, recipe.value),
  );
  const shown = computed(() => (isRecorded.value ? recording : run.value));
  const steps = computed(() => [...shown.value.kept.keys()].sort((a, b) => a - b));
  const step = computed(() => lastUntil(steps.value, s.step.value));
  const control = controlOf(untouched, recording);
  const trainer = createTrainer({
    onReport: (told) =>
      batch(() => {
        run.value = grown(run.peek(), told);
        msPerStep.value = told.msPerStep ?? msPerStep.peek();
        s.step.value = told.step;
      }),
    onRest: ({ why, message }) => {
      going.value = false;
      if (why === "stopped") voice.tell(message, true);
      if (why === "impossible") fallBack(message);
      if (why === "done") voice.speak(`Trained: ${s.step.peek()} steps.`);
    },
    onExamined: () => {},
  });
  const fallBack = (message) => {
    const instead = recording?.kept.size
      ? " This is a run that was recorded when the book was built."
      : "";
    voice.tell(message + instead, true);
    if (instead) showRecorded();
  };
  const showRecorded = () => {
    pause();
    batch(() => {
      s.recorded.value = true;
      s.step.value = Math.max(...recording.kept.keys());
    });
  };
  /** From the step on show, or from the beginning if there is no such run, to `until`. */
  const go = (until) => {
    batch(() => {
      const isFresh =
        isRecorded.peek() || run.peek() === EMPTY || s.step.peek() >= recipe.peek().nSteps;
      if (isFresh) begin();
      else if (step.peek() < Math.max(...run.peek().kept.keys())) trainer.back(step.peek());
      s.recorded.value = false;
      s.silent.value = [];
      going.value = true;
    });
    if (!same(recipe.peek(), untouched.peek())) control.begin();
    trainer.go(until);
  };
  const begin = () => {
    run.value = EMPTY;
    s.step.value = 0;
    trainer.start(recipe.peek());
  };
  const pause = () => {
    trainer.pause();
    control.pause();
  };
  return {
    ...{ run, going, msPerStep, shown, steps, step, isRecorded, control, showRecorded },
    toggle: () => (going.peek() ? pause() : go()),
    oneStep: () => go((isRecorded.peek() ? 0 : step.peek()) + 1),
    look: (at) => (s.step.value = at),
    /** A state of which only the step is known, from a link or from Python, is trained for. */
    reach: () => {
      const wanted = Math.min(s.step.value, recipe.value.nSteps);
      if (isRecorded.value || !wanted || going.value || run.value.kept.has(wanted)) return;
      voice.tell(`Training to step ${wanted}.`);
      untracked(() => go(wanted));
    },
    clear: () => {
      trainer.stop();
      control.clear();
      run.value = EMPTY;
      going.value = false;
    },
    end: () => {
      trainer.end();
      control.end();
    },
  };
}

/** Keeps the run in step with the figure, and hands its weights to a kernel when it rests. */
export function useTraining({ model, g }) {
  const { training } = g;
  useEffect(() => {
    let before = g.recipe.peek();
    const stops = [
      effect(() => {
        if (same(g.recipe.value, before)) return;
        before = g.recipe.value;
        training.clear();
      }),
      effect(() => training.reach()),
      effect(() => {
        const weights = g.weights.value;
        if (training.going.value || !model.save_changes) return;
        model.set("_weights", textOf(weights));
        model.save_changes();
      }),
    ];
    return () => {
      stops.forEach((stop) => stop());
      training.end();
    };
  }, []);
}
