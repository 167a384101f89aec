"""What a step of training costs in Python: the model of the chapter on training.

Processor time of one thread, in float64: the fewest milliseconds that a step took, their median,
and the seconds that the median makes of the recipe's steps. The goal is 20 seconds.
"""

import time
from statistics import median

import torch

from attnlib.training import Recipe, Run

N_STEPS = 100


def steps(recipe, n_steps=N_STEPS):
    """The processor's seconds for each step of a run on one thread."""
    n_threads, taken = torch.get_num_threads(), []
    torch.set_num_threads(1)
    try:
        run = Run(recipe)
        run.step()  # the first step pays for what later ones find ready
        for _ in range(n_steps):
            start = time.process_time()
            run.step()
            taken.append(time.process_time() - start)
    finally:
        torch.set_num_threads(n_threads)
    return taken


def main():
    print(__doc__.partition("\n\n")[2])
    print("layers    least ms   median ms   seconds for all steps")
    for n_layers in (1, 2):
        recipe = Recipe(n_layers=n_layers)
        taken = steps(recipe)
        print(
            f"{n_layers:<8} {1e3 * min(taken):>9.1f} {1e3 * median(taken):>11.1f} "
            f"{recipe.n_steps * median(taken):>23.1f}"
        )


if __name__ == "__main__":
    main()
