// A run in the making: what the worker has told, kept by step, and the control beside it.
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { many } from "../../core/format.js";
import { textOf } from "../../core/training/recording.js";
import { createTrainer } from "../../core/training/index.js";

const EMPTY = { losses: [], exams: [], kept: new Map() };

/** `run` with what a report tells; what lay after the step it begins from is gone. */
function grown(run, { step, losses: [from, ...losses], weights, exams }) {
  const isOld = (at) => at <= from && exams.every((exam) => exam.step !== at);
  // Of steps without an exam only the last is kept: no run goes on from the others.
  const kept = [...run.kept].filter(
    ([at]) => isOld(at) && run.exams.some((exam) => exam.step === at),
  );
  const told = exams.map((exam) => [exam.step, exam.weights]);
  return {
    recipe: run.recipe,
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
  });
  let isBegun = false;
  return {
    exams,
    go: (until) => {
      if (recording && same(recording.recipe, untouched.peek()))
        return (exams.value = recording.exams);
      if (!isBegun) trainer.start(untouched.peek());
      isBegun = true;
      trainer.go(until);
    },
    clear: () => {
      trainer.stop();
      isBegun = false;
      exams.value = [];
    },
    end: () => trainer.end(),
    pause: () => trainer.pause(),
  };
}

const leaders = new WeakMap();

/** A signal of which trainer is at work, of the views of one model: in a notebook there may be several. */
function leaderOf(model) {
  if (!leaders.has(model)) leaders.set(model, signal(null));
  return leaders.get(model);
}

/**
 * `recipe` and `untouched`, the control's, are signals; `recording` is a run that Python made, or null, and
 * `asRecorded()` takes over its recipe. `s` holds the figure's `step`, `silent` and `recorded`.
 */
export function makeTraining({ model, s, recipe, untouched, recording, asRecorded, voice }) {
  const run = signal(EMPTY);
  const going = signal(false);
  const msPerStep = signal(null);
  const isRecorded = computed(
    () => s.recorded.value && recording !== null && same(recording.recipe, recipe.value),
  );
  // Of another recipe nothing is shown, not even for the moment until its run is thrown away.
  const isRun = computed(() => same(run.value.recipe, recipe.value));
  const shown = computed(() => (isRecorded.value ? recording : isRun.value ? run.value : EMPTY));
  const steps = computed(() => [...shown.value.kept.keys()].sort((a, b) => a - b));
  const step = computed(() => lastUntil(steps.value, s.step.value));
  const control = controlOf(untouched, recording);
  const leader = leaderOf(model);
  let told = 0; // the step that the run itself put on show last
  const beAtRest = () => {
    going.value = false;
    if (leader.peek() === trainer) leader.value = null;
  };
  const trainer = createTrainer({
    onReport: (report) =>
      batch(() => {
        run.value = grown(run.peek(), report);
        msPerStep.value = report.msPerStep ?? msPerStep.peek();
        // What is still heard of a run that was halted puts nothing on show.
        if (going.peek()) s.step.value = told = report.step;
      }),
    onRest: ({ why, message }) => {
      batch(beAtRest);
      if (why === "stopped") voice.tell(message, true);
      if (why === "impossible") fallBack(message);
      if (why === "done") voice.speak(`Trained: ${many(s.step.peek(), "step")}.`);
    },
  });
  const fallBack = (message) => {
    const instead = recording?.kept.size
      ? " This is a run that was recorded when the book was built."
      : "";
    voice.tell(message + instead, true);
    if (instead) showRecorded();
  };
  const showRecorded = () => {
    halt();
    batch(() => {
      asRecorded();
      s.recorded.value = true;
      s.step.value = Math.max(...recording.kept.keys());
    });
  };
  /** From the step on show, or from the beginning if there is no such run, to `until`. */
  const go = (until) => {
    batch(() => {
      const isFresh = isRecorded.peek() || !isRun.peek() || s.step.peek() >= recipe.peek().nSteps;
      if (isFresh) begin();
      else if (step.peek() < Math.max(...run.peek().kept.keys())) trainer.back(step.peek());
      s.recorded.value = false;
      told = s.step.peek();
      going.value = true;
      leader.value = trainer;
    });
    if (!same(recipe.peek(), untouched.peek())) control.go(until);
    trainer.go(until);
  };
  const begin = () => {
    run.value = { ...EMPTY, recipe: recipe.peek() };
    s.step.value = 0;
    trainer.start(recipe.peek());
  };
  const pause = () => {
    trainer.pause();
    control.pause();
  };
  /** At once: no report that is still to come is waited for. */
  const halt = () => {
    if (going.peek()) pause();
    batch(beAtRest);
  };
  /** A run that the reader starts is one of all heads. */
  const goWithAll = (until) =>
    batch(() => {
      s.silent.value = [];
      go(until);
    });
  return {
    ...{ run, going, msPerStep, shown, steps, step, isRecorded, control, showRecorded },
    toggle: () => (going.peek() ? pause() : goWithAll()),
    oneStep: () => goWithAll((isRecorded.peek() ? 0 : step.peek()) + 1),
    look: (at) => (s.step.value = at),
    /**
     * A state of which only the step is known, from a link or from Python, is trained for. A run that goes
     * on is halted by what puts another step on show.
     */
    reach: () => {
      const wanted = Math.min(s.step.value, recipe.value.nSteps);
      const isLed = leader.value !== null && leader.value !== trainer; // another view's turn
      if (going.value && !isRecorded.value && !isLed && wanted === told) return;
      untracked(halt);
      if (isLed || isRecorded.value || !wanted || shown.value.kept.has(wanted)) return;
      voice.tell(`Training to step ${wanted}.`);
      untracked(() => go(wanted));
    },
    clear: () => {
      trainer.stop();
      control.clear();
      run.value = EMPTY;
      beAtRest();
    },
    end: () => {
      beAtRest();
      trainer.end();
      control.end();
    },
  };
}

/** Keeps the run in step with the figure, and hands its weights to a kernel when it rests. */
export function useTraining({ model, s, g }) {
  const { training } = g;
  useEffect(() => {
    let before = g.recipe.peek();
    const stops = [
      effect(() => {
        if (same(g.recipe.value, before)) return;
        before = g.recipe.value;
        batch(training.clear);
      }),
      effect(() => training.reach()),
      effect(() => {
        const [weights, step, isRecorded] = [
          g.weights.value,
          training.step.value,
          training.isRecorded.value,
        ];
        const isThere = isRecorded || step === s.step.value;
        if (training.going.value || !isThere || !model.save_changes) return;
        model.set("_weights", { of: g.run.value, values: textOf(weights) });
        model.save_changes();
      }),
    ];
    return () => {
      stops.forEach((stop) => stop());
      training.end();
    };
  }, []);
}
