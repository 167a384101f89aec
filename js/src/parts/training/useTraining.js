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
function controlOf(recording) {
  const exams = signal([]);
  const trainer = createTrainer({
    onReport: (told) => (exams.value = grown({ ...EMPTY, exams: exams.peek() }, told).exams),
    onRest: () => {},
  });
  let isBegun = false;
  return {
    exams,
    go: (untouched, until) => {
      if (recording && same(recording.recipe, untouched)) return (exams.value = recording.exams);
      if (!isBegun) trainer.start(untouched);
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

/**
 * The run of one model, whichever of its views begins it: in a notebook there may be several. `step` is the
 * signal of the step on show; a view is `{voice, fallBack}`.
 */
class SharedRun {
  constructor(recording, step) {
    [this.run, this.going, this.msPerStep] = [signal(EMPTY), signal(false), signal(null)];
    [this.step, this.views] = [step, new Set()];
    this.told = 0; // the step that the run itself put on show last
    this.control = controlOf(recording);
    this.trainer = createTrainer({
      onReport: (report) => batch(() => this.grow(report)),
      onRest: (rest) => this.rest(rest),
    });
  }

  show(step) {
    this.step.value = this.told = step;
  }
  grow(report) {
    this.run.value = grown(this.run.peek(), report);
    this.msPerStep.value = report.msPerStep ?? this.msPerStep.peek();
    // What is still heard of a run that was halted puts nothing on show.
    if (this.going.peek()) this.show(report.step);
  }
  rest({ why, message }) {
    this.going.value = false;
    for (const { voice, fallBack } of this.views) {
      if (why === "stopped") voice.tell(message, true);
      if (why === "impossible") fallBack(message);
      if (why === "done") voice.speak(`Trained: ${many(this.told, "step")}.`);
    }
  }
  begin(recipe) {
    this.run.value = { ...EMPTY, recipe };
    this.show(0);
    this.trainer.start(recipe);
  }
  pause() {
    this.trainer.pause();
    this.control.pause();
  }
  /** At once: no report that is still to come is waited for. */
  halt() {
    if (this.going.peek()) this.pause();
    this.going.value = false;
  }
  clear() {
    this.trainer.stop();
    this.control.clear();
    batch(() => {
      this.run.value = EMPTY;
      this.going.value = false;
    });
  }
  /** Without a view that looks at it there is no run. */
  leave(view) {
    this.views.delete(view);
    if (this.views.size) return;
    this.going.value = false;
    this.trainer.end();
    this.control.end();
  }
}

const runs = new WeakMap();

/** The run of `model`; a new one where none of its views is left. */
function sharedRun(model, recording, step) {
  if (!runs.get(model)?.views.size) runs.set(model, new SharedRun(recording, step));
  return runs.get(model);
}

/**
 * `recipe` and `untouched`, the control's, are signals; `recording` is a run that Python made, or null, and
 * `asRecorded()` takes over its recipe. `s` holds the figure's `step`, `silent` and `recorded`.
 */
export function makeTraining({ model, s, recipe, untouched, recording, asRecorded, voice }) {
  const shared = sharedRun(model, recording, s.step);
  const { run, going, msPerStep, control, trainer } = shared;
  const isRecorded = computed(
    () => s.recorded.value && recording !== null && same(recording.recipe, recipe.value),
  );
  // Of another recipe nothing is shown, not even for the moment until its run is thrown away.
  const isRun = computed(() => same(run.value.recipe, recipe.value));
  const shown = computed(() => (isRecorded.value ? recording : isRun.value ? run.value : EMPTY));
  const steps = computed(() => [...shown.value.kept.keys()].sort((a, b) => a - b));
  const step = computed(() => lastUntil(steps.value, s.step.value));
  const fallBack = (message) => {
    const instead = recording?.kept.size
      ? " This is a run that was recorded when the book was built."
      : "";
    voice.tell(message + instead, true);
    if (instead) showRecorded();
  };
  const view = { voice, fallBack };
  shared.views.add(view);
  const showRecorded = () => {
    shared.halt();
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
      if (isFresh) shared.begin(recipe.peek());
      else if (step.peek() < Math.max(...run.peek().kept.keys())) trainer.back(step.peek());
      s.recorded.value = false;
      shared.show(s.step.peek());
      going.value = true;
    });
    if (!same(recipe.peek(), untouched.peek())) control.go(untouched.peek(), until);
    trainer.go(until);
  };
  /** A run that the reader starts is one of all heads. */
  const goWithAll = (until) =>
    batch(() => {
      s.silent.value = [];
      go(until);
    });
  return {
    ...{ run, going, msPerStep, shown, steps, step, isRecorded, control, showRecorded },
    toggle: () => (going.peek() ? shared.pause() : goWithAll()),
    oneStep: () => goWithAll((isRecorded.peek() ? 0 : step.peek()) + 1),
    look: (at) => (s.step.value = at),
    /**
     * A state of which only the step is known, from a link or from Python, is trained for. A run that goes
     * on is halted by what puts another step on show.
     */
    reach: () => {
      const wanted = Math.min(s.step.value, recipe.value.nSteps);
      if (going.value && !isRecorded.value && wanted === shared.told) return;
      untracked(() => shared.halt());
      if (isRecorded.value || !wanted || shown.value.kept.has(wanted)) return;
      voice.tell(`Training to step ${wanted}.`);
      untracked(() => go(wanted));
    },
    clear: () => shared.clear(),
    /** Of a run of another recipe nothing is left. */
    clearOther: () => {
      if (!isRun.value && run.peek().recipe) untracked(() => shared.clear());
    },
    end: () => shared.leave(view),
  };
}

/** Keeps the run in step with the figure, and hands its weights to a kernel when it rests. */
export function useTraining({ model, s, g }) {
  const { training } = g;
  useEffect(() => {
    const stops = [
      effect(() => training.clearOther()),
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
