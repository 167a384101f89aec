// The page's side of training.
import { canWork, makeWorker, noteRefusal } from "../workers.js";
import { completeRecipe, source } from "./engine.js";

const IMPOSSIBLE = "This page cannot train: the browser gives it no worker.";

/** Whether this page can train, as far as it is known. */
export const canTrain = canWork;

class Trainer {
  constructor(listeners) {
    this.listeners = listeners;
    this.isGoing = false; // or would be, if the tab could be seen
    this.heedTab = () =>
      this.isGoing && (document.hidden ? this.send({ type: "pause" }) : this.go(this.until));
    document.addEventListener("visibilitychange", this.heedTab);
  }

  /** A new run. It rests until it is told to go. */
  start(recipe) {
    const whole = completeRecipe(recipe);
    this.stop();
    this.send({ type: "start", recipe: whole });
  }
  /** Steps, to step `until` or to the last of the recipe. */
  go(until) {
    this.isGoing = true;
    this.until = until;
    if (!document.hidden) this.send({ type: "go", until });
  }
  pause() {
    if (this.worker) this.rest({ type: "pause" });
  }
  /** Back to `step`, or to the last kept one before it. */
  back(step) {
    this.rest({ type: "back", step });
  }
  end() {
    this.stop();
    document.removeEventListener("visibilitychange", this.heedTab);
  }

  stop() {
    this.isGoing = false;
    this.worker?.terminate();
    this.worker = null;
  }
  rest(message) {
    this.isGoing = false;
    this.send(message);
  }
  send(message) {
    this.worker ??= this.employ();
    if (this.worker) this.worker.postMessage(message);
    else this.tellRest({ why: "impossible", message: IMPOSSIBLE });
  }
  employ() {
    const worker = makeWorker(source);
    if (!worker) return null;
    let isHeard = false;
    worker.onmessage = ({ data }) => {
      isHeard = true;
      if (worker === this.worker) this.hear(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      if (!isHeard) noteRefusal();
      if (worker === this.worker) this.fail(isHeard && event.message);
    };
    return worker;
  }
  fail(message) {
    this.stop();
    this.tellRest(
      message ? { why: "stopped", message } : { why: "impossible", message: IMPOSSIBLE },
    );
  }
  hear({ type, ...told }) {
    if (type === "report") this.listeners.onReport(told);
    // A run that is told to go may still tell of the rest before, and of one that a hidden tab asked for.
    if (type === "rest" && !(told.why === "paused" && this.isGoing)) this.tellRest(told);
  }
  tellRest(told) {
    this.isGoing = false;
    this.listeners.onRest(told);
  }
}

/**
 * Trains in a worker. Calls `onReport({ step, losses: [from, ...], weights, exams, msPerStep })` about every
 * 150 ms (the losses are those of the steps after step `from`) and `onRest({ step, why, message })`, why
 * "paused", "done", "stopped" or "impossible". While the tab is hidden it rests, and says nothing of it.
 */
export const createTrainer = (listeners) => new Trainer(listeners);
