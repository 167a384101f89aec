"""Inside the kernel of a submission: what is arranged before its first cell."""

import json

LONGEST_ERROR = 10_000  # characters of an exception's text
LARGEST_FILE = 1_000_000_000  # bytes


def prepare(shell, memory):
    """Arrange that one cell cannot take the others with it, nor the `memory` (GB) of the machine.

    `exit()` in a notebook, or a restart, asks the kernel to end a little later, while another cell
    runs: here it is the exception that it is elsewhere in Python. Messages are sent as ASCII, which
    holds half of a character, too: a kernel that cannot send its answer never gives one.
    """
    limit(int(memory * 1e9))
    shell.ask_exit = shell.kernel.do_shutdown = leave
    shell.kernel.session.pack = pack


def limit(memory):
    """Limit this process for good: the bytes of its memory and of a file that it writes."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    limits = {"RLIMIT_DATA": memory, "RLIMIT_FSIZE": LARGEST_FILE, "RLIMIT_CORE": 0}
    for kind, most in ((getattr(resource, name), most) for name, most in limits.items()):
        _, given = resource.getrlimit(kind)
        most = most if given == resource.RLIM_INFINITY else min(most, given)
        resource.setrlimit(kind, (most, most))


def leave(restart=False):
    raise SystemExit


def pack(message):
    """A message as JSON in ASCII; what JSON does not know, as text.

    Of an exception, the beginning of what it says: it can say more than memory holds.
    """
    if isinstance(message, dict) and "traceback" in message:
        message = message | {"traceback": [], "evalue": str(message.get("evalue"))[:LONGEST_ERROR]}
    return json.dumps(message, default=str).encode("ascii")
