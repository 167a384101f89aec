// What need not follow every step of a drag is done when the drag rests.

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
