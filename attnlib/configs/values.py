"""What a value of a configuration may be, and how an error repeats it."""

import json
from collections.abc import Mapping

SHOWN = 24  # letters of a value that an error repeats


def whole(name, value):
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is {shown(value)}; expected a whole number")
    return value


def switch(name, value):
    if not isinstance(value, bool):
        raise TypeError(f"{name} is {shown(value)}; expected true or false")
    return value


def first_said(*values):
    """The first that is said: null says nothing."""
    return next(value for value in values if value is not None)


def as_long(name, listed, n_layers):
    """`listed`, once it is a list with an entry for each layer."""
    if not isinstance(listed, list) or len(listed) != n_layers:
        came = f"has {len(listed)} entries" if isinstance(listed, list) else f"is {shown(listed)}"
        raise ValueError(f"{name} {came}; expected a list of {n_layers}, one for each layer")
    return listed


def shown(value):
    """A value in a few letters, the same in JavaScript."""
    if isinstance(value, Mapping):
        kind = value.get("rope_type") or value.get("type") or value.get("quant_method")
        return shown(kind) if isinstance(kind, str) else "{…}"
    if isinstance(value, list | tuple):
        return f"[{len(value)}]"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) < 1e15 else f"{value:.0e}"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return cut(text, SHOWN)


def cut(text, most):
    return text if len(text) <= most else f"{text[:most]}…"
