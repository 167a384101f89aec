"""Time and memory of attnlib's attention against PyTorch's own, on the same inputs.

`python bench/attention.py` prints a table. Every time is a ratio to `scaled_dot_product_attention`
given the same arrays (as tensors that share their memory), in float32, from calls that alternate
in one process: the median of theirs, the median of ours. Two ratios are given, because PyTorch
is two to five times slower where the batch and head axes are missing: to the shape that came in,
and to the best PyTorch can do, the same arrays with those axes added.

Memory is the peak above what the inputs hold, in units of one n x n pattern per head. For NumPy it
is `tracemalloc`'s peak; for torch, where `tracemalloc` sees nothing, the most that is alive at
once by the profiler's record of allocations.
"""

import os
import time
import tracemalloc
from statistics import median

import numpy as np
import torch
from torch.nn.functional import scaled_dot_product_attention
from torch.profiler import ProfilerActivity, profile

import attnlib as al

SHAPES = [(128, 64), (1024, 64), (4096, 64), (1, 8, 128, 64), (1, 8, 1024, 64)]
KERNEL_AXES = 4
SECONDS_PER_ROW = 0.5
REPEATS = (3, 300)  # at least, at most
FUNCTIONS = {"attention": al.attention, "trace_attention": al.trace_attention}

os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # the profiler announces each start and stop


def rows(shapes=SHAPES, seconds=SECONDS_PER_ROW):
    """One dictionary per measurement: what was run, milliseconds, ratios, memory in patterns."""
    for shape in shapes:
        rng = np.random.default_rng(0)
        arrays = [rng.standard_normal(shape).astype("float32") for _ in range(3)]
        tensors = [torch.from_numpy(array) for array in arrays]
        for causal in (False, True):
            for library, inputs in (("torch", tensors), ("numpy", arrays)):
                for name, function in FUNCTIONS.items():
                    kind = {"function": name, "library": library, "shape": shape, "causal": causal}
                    yield kind | measure(function, inputs, tensors, causal, seconds)


def measure(function, inputs, tensors, causal, seconds):
    """Times and peak memory of one function on one set of inputs."""
    best = [tensor.reshape((1,) * (KERNEL_AXES - tensor.ndim) + tensor.shape) for tensor in tensors]
    ours, same, fastest = medians(
        lambda: function(*inputs, causal=causal),
        lambda: scaled_dot_product_attention(*tensors, is_causal=causal),
        lambda: scaled_dot_product_attention(*best, is_causal=causal),
        seconds=seconds,
    )
    *heads, n_tokens, _ = tensors[0].shape
    pattern = int(np.prod(heads)) * n_tokens**2 * tensors[0].element_size()
    peak = torch_peak if inputs is tensors else numpy_peak
    return {
        "milliseconds": 1e3 * ours,
        "to_same_shape": ours / same,
        "to_best": ours / fastest,
        "patterns": peak(lambda: function(*inputs, causal=causal)) / pattern,
    }


def medians(*calls, seconds):
    """The median time of each call, taken in turns until the seconds are spent."""
    return [median(record) for record in in_turns(*calls, seconds=seconds)]


def in_turns(*calls, seconds):
    """The times of each call, one after the other until the seconds are spent."""
    times = [[] for _ in calls]
    for call in calls:
        call()  # the first call pays for what later ones find ready
    least, most = REPEATS
    end = time.perf_counter() + seconds
    while len(times[0]) < least or (time.perf_counter() < end and len(times[0]) < most):
        for call, record in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            record.append(time.perf_counter() - start)
    return times


def numpy_peak(call):
    """The most bytes that `call` holds at once, by tracemalloc."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def torch_peak(call):
    """The most bytes that `call` holds at once, by PyTorch's record of allocations."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        call()
    alive = peak = 0
    for event in record.profiler.kineto_results.events():
        if event.name() == "[memory]":
            alive += event.nbytes()
            peak = max(peak, alive)
    return peak


def main():
    print(__doc__.partition("\n\n")[2])
    print(
        f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads. NumPy {np.__version__}.\n"
    )
    print(
        "function         library  shape             causal       ms   /same shape  /best  patterns"
    )
    for row in rows():
        print(
            f"{row['function']:<16} {row['library']:<8} {row['shape']!s:<17} "
            f"{'yes' if row['causal'] else 'no':<6} {row['milliseconds']:>8.3f}  "
            f"{row['to_same_shape']:>11.2f}  {row['to_best']:>5.2f}  {row['patterns']:>8.3f}"
        )


if __name__ == "__main__":
    main()
