"""What SmolLM2 costs in Python: reading its file, 16 and 64 tokens, and one more token.

Processor time of one thread, the least and the median: other work on the machine makes it longer,
never shorter. Each library in a process of its own, whose memory at its peak is told, without and
with the model. Goal: 16 tokens in half a second.
"""

import os
import resource
import subprocess
import sys
import time
from statistics import median

LIBRARIES = ("numpy", "torch")
LENGTHS = (16, 64)
REPEATS = 5
GOALS = {16: 0.5}  # seconds
KILOBYTE = 2**10  # what ru_maxrss counts on Linux
MEGABYTE = 1e6


def seconds(call, repeats=REPEATS):
    """The processor's seconds for each of some calls."""
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return taken


def peak():
    """The most memory that this process has held, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KILOBYTE / MEGABYTE


def report(library):
    """Print the times of one library, in this process."""
    import importlib

    import attnlib as al

    xp = importlib.import_module(library)
    before, models = peak(), []
    read = seconds(lambda: models.append(al.load_smollm2(xp=xp)), repeats=1)
    (model,) = models
    print(f"{library}: file read in {read[0]:.2f} s, memory {before:.0f} MB, then {peak():.0f} MB")
    for n_tokens in LENGTHS:
        ids = [198, *range(1000, 999 + n_tokens)]  # a newline, then some words
        model(ids)  # the first call pays for what later ones find ready
        whole = seconds(lambda ids=ids: model(ids))
        line(f"{n_tokens} tokens", whole, GOALS.get(n_tokens))
        once = seconds(lambda ids=ids: model.write(ids, 1))
        later = seconds(lambda ids=ids: model.write(ids, 9))
        more = [(b - a) / 8 for a, b in zip(sorted(once), sorted(later), strict=True)]
        line(f"one more after {n_tokens}", more)


def line(name, taken, goal=None):
    told = f"   goal {goal}" if goal else ""
    print(f"  {name:<20}{min(taken):8.3f}{median(taken):8.3f}{told}")


def main():
    print(__doc__.partition("\n\n")[2])
    from attnlib.smollm2 import weights_file

    try:
        weights_file()
    except FileNotFoundError as missing:
        print(missing)
        return
    print("seconds                  least  median", flush=True)
    for library in LIBRARIES:
        command = [sys.executable, "-m", "bench.real_model", library]
        subprocess.run(command, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})


if __name__ == "__main__":
    report(sys.argv[1]) if sys.argv[1:] else main()
