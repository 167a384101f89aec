"""Every report, one after the other: `python -m bench` (or `make bench`)."""

import importlib

# Modules of this folder, each with a main().
REPORTS = (
    "attention",
    "multi_head",
    "long_texts",
    "training",
    "real_model",
    "figures",
    "training_in_page",
    "smollm2_in_page",
    "pages",
)

for name in REPORTS:
    print(f"== {name}\n")
    importlib.import_module(f"bench.{name}").main()
    print()
