"""Every report, one after the other: `python -m bench` (or `make bench`)."""

import importlib

REPORTS = (
    "attention",
    "multi_head",
    "figures",
    "pages",
)  # modules of this folder, each with a main()

for name in REPORTS:
    print(f"== {name}\n")
    importlib.import_module(f"bench.{name}").main()
    print()
