// What need not follow every step of a drag is done when the drag rests.

export const NAMES_AFTER = 120; // ms: in a drag, names are for those who listen, not for every frame

/** `later(task)` runs the last task it was given once nothing was asked for during `wait` ms. */
export function atRest(wait) {
  let [task, asked, timer] = [null, 0, null];
  const look = () => {
    const left = asked + wait - performance.now();
    timer = left > 0 ? setTimeout(look, left) : null;
    if (timer === null) task?.();
  };
  // One timer runs on through a whole drag: setting one anew for every step costs more than the step.
  const later = (next) => {
    [task, asked] = [next, performance.now()];
    timer ??= setTimeout(look, wait);
  };
  const cancel = () => {
    task = null;
  };
  return { later, cancel };
}

/** `run(task)` at once after a pause of `wait` ms; of tasks that come in a row, the last, when they rest. */
export function unhurried(wait) {
  const rest = atRest(wait);
  let asked = -Infinity;
  const run = (task) => {
    const now = performance.now();
    if (now - asked < wait) rest.later(task);
    else {
      rest.cancel(); // what is late must not come after what is new
      task();
    }
    asked = now;
  };
  return { run, cancel: rest.cancel };
}
