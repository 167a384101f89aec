"""Inside the kernel of a submission: what is arranged before its first cell."""

import json


def prepare(shell):
    """Arrange that one cell cannot take the others with it.

    `exit()` in a notebook asks the kernel to end a little later, while another cell runs: here
    it is the exception that it is elsewhere in Python. Messages are sent as ASCII, which holds
    half of a character, too: a kernel that cannot send its answer never gives one.
    """
    shell.ask_exit = leave
    shell.kernel.session.pack = pack


def leave():
    raise SystemExit


def pack(message):
    """A message as JSON in ASCII; what JSON does not know, as text."""
    return json.dumps(message, default=str).encode("ascii")
