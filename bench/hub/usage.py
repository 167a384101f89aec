"""What processes take: memory and processor time, as Linux counts them."""

from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Usage:
    """Bytes and seconds of some processes.

    `rss` counts every page that a process has in memory. `pss` divides a page by the number of
    processes that share it, such as a library's: the sum over all is what the machine needs.
    """

    pss: float = 0
    rss: float = 0
    cpu: float = 0  # user and system, with what ended processes below them took

    def __add__(self, other):
        return Usage(self.pss + other.pss, self.rss + other.rss, self.cpu + other.cpu)


def usage_of(processes):
    """What `processes` take together; those that are gone take nothing."""
    return sum(map(usage, processes), Usage())


def usage(process):
    try:
        memory, times = process.memory_full_info(), process.cpu_times()
    except psutil.NoSuchProcess:
        return Usage()
    cpu = times.user + times.system + times.children_user + times.children_system
    return Usage(memory.pss, memory.rss, cpu)
