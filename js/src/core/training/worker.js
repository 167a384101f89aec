// The worker's entry: trains in slices and tells of each. Between slices it hears what it is told.
import { EXAM, examine } from "./exam.js";
import { createRun } from "./run.js";

// What the page uses itself (see engine.js).
export { trace } from "./attention_only.js";
export { Draws } from "./draws.js";
export { WORDS, ids, text } from "./parrot.js";
export { RECIPE, completeRecipe } from "./recipe.js";
export { initialWeights, layout } from "./weights.js";
export { EXAM, createRun, examine };

const SLICE = 150; // milliseconds
const KEPT_EVERY = 25; // steps
const SAMPLE = 8; // texts that tell whether weights are fit to be shown

let run;
let kept; // by step, what it takes to go on from there, and the exam there
let isGoing = false;
let timer;
let until; // the step to rest at

const isDone = () => run.stepNumber >= Math.min(until, run.recipe.nSteps);

function tell(from, losses = [], exams = [], msPerStep = null) {
  const [step, weights] = [run.stepNumber, run.weights()];
  const report = { type: "report", step, losses: [from, ...losses], weights, exams, msPerStep };
  postMessage(report, [weights.buffer]);
}

function rest(why, message) {
  isGoing = false;
  postMessage({ type: "rest", step: run.stepNumber, why, message });
}

/** An exam of what there is now. A step whose loss was finite may still have spoiled the weights: an error. */
function examined(how) {
  const exam = examine(run.model, how);
  run.refuseUnlessFinite(exam.loss, `after step ${run.stepNumber}`);
  return exam;
}

/** The exam of what there is now, with its weights; it can be gone on from here. */
function keep() {
  const exam = { step: run.stepNumber, weights: run.weights(), ...examined() };
  kept.set(run.stepNumber, { state: run.keep(), exam });
  return exam;
}

/** Steps until a slice is over, or the step to rest at is reached. */
function train() {
  const [from, began] = [run.stepNumber, performance.now()];
  const [losses, exams] = [[], []];
  let msExams = 0;
  while (!isDone()) {
    losses.push(run.step());
    if (run.stepNumber % KEPT_EVERY === 0 || isDone()) {
      const before = performance.now();
      exams.push(keep());
      msExams += performance.now() - before;
    }
    if (performance.now() - began > SLICE) break;
  }
  if (!kept.has(run.stepNumber)) examined({ nTexts: SAMPLE });
  tell(from, losses, exams, (performance.now() - began - msExams) / losses.length);
}

/** Back to the last kept step that is not after `step`. */
function goBack(step) {
  const steps = [...kept.keys()];
  const { state, exam } = kept.get(steps.findLast((one) => one <= step) ?? steps[0]);
  run.restore(state);
  tell(run.stepNumber, [], [exam]);
}

/** Steps, then goes on or rests; where a loss is not finite, back to the last kept step. */
function slice() {
  try {
    train();
  } catch (error) {
    goBack(run.stepNumber);
    return rest("stopped", `${error.message} The weights are those after step ${run.stepNumber}.`);
  }
  if (isDone()) rest("done");
  else if (isGoing) timer = setTimeout(slice, 0);
  else rest("paused");
}

const HEARD = {
  start({ recipe }) {
    run = createRun(recipe);
    kept = new Map();
    until = Infinity;
    tell(run.stepNumber, [], [keep()]);
    rest(isDone() ? "done" : "paused");
  },
  go({ until: step = Infinity }) {
    isGoing = true;
    until = step;
    clearTimeout(timer);
    timer = setTimeout(slice, 0);
  },
  pause() {
    clearTimeout(timer);
    rest("paused");
  },
  back({ step }) {
    clearTimeout(timer);
    goBack(step);
    rest("paused");
  },
};

export function listen() {
  globalThis.onmessage = ({ data }) => HEARD[data.type](data);
}
