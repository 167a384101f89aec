"""The real model for pages: its weights and its tokenizer, in parts that load from disk.

A page opened from disk may load scripts, but it reads no files. So the numbers of the GGUF file
stand in `_static/smollm2/` in base64, as scripts of 8.4 MB (some hosts refuse files over 25 MB),
beside one script that says what is where. js/src/core/smollm2/ brings them when the reader asks.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from attnlib.smollm2 import CONTROL, INSTALL, has_weights, weights_file

FOLDER = Path("_static", "smollm2")
PART_BYTES = 6 * 2**20  # of weights; a multiple of 3, so that base64 needs no padding
MADE_FROM = "made-from.txt"
FORMAT = 1  # of what is written here: to be raised with every change
LICENCE = Path(__file__).resolve().parents[1] / "learned" / "LICENSE.txt"  # Apache 2.0
ABSENT = f"The pages are without the real model: its weights are not here. To get them: {INSTALL}"
NOTICE = """\
SmolLM2-135M-Instruct, by Hugging Face, 2024.
Licensed under the Apache License, Version 2.0: see LICENSE.txt.

The weights are those of the file {file},
quantised there. This book changes none of their bits: it cuts them into parts, written as scripts.
"""


def byte_of_letter():
    """GPT-2's way to write any byte as a letter that can be seen: letter to byte."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    unseen = [byte for byte in range(256) if byte not in seen]
    letters = [*map(chr, seen), *(chr(256 + i) for i in range(len(unseen)))]
    return dict(zip(letters, seen + unseen, strict=True))


def tokenizer_of(tokens, kinds, merges):
    """What a tokenizer needs: `{"control", "bytes"}` for JSON, and merges as pairs of ids.

    Raises `ValueError` unless ids are given out to control tokens, bytes and merges in this order.
    """
    control = [token for token, kind in zip(tokens, kinds, strict=True) if kind == CONTROL]
    letters = tokens[len(control) : len(tokens) - len(merges)]
    ids = {token: i for i, token in enumerate(tokens)}
    pairs = [merge.split(" ") for merge in merges]
    if tokens != [*control, *letters, *map("".join, pairs)]:
        raise ValueError("the ids of the tokens are not in the order control, bytes, merges")
    bytes_of = byte_of_letter()
    return (
        {"control": control, "bytes": [bytes_of[letter] for letter in letters]},
        np.array([[ids[left], ids[right]] for left, right in pairs], np.uint16),
    )


def shape_of(value):
    """The numbers that a decoder is built from; `value(key)` reads the file's metadata."""
    d_head = value("llama.rope.dimension_count")
    return {
        "nLayers": value("llama.block_count"),
        "dModel": value("llama.embedding_length"),
        "nHeads": value("llama.attention.head_count"),
        "nKvHeads": value("llama.attention.head_count_kv"),
        "dHead": d_head,
        "dFeedForward": value("llama.feed_forward_length"),
        "nVocab": value("llama.vocab_size"),
        "base": value("llama.rope.freq_base"),
        "epsilon": value("llama.attention.layer_norm_rms_epsilon"),
    }


def read(path):
    """What the file says for pages: `about`, for JSON, and all numbers as one array of bytes."""
    from gguf import GGUFReader

    reader = GGUFReader(path)
    tokenizer, merges = tokenizer_of(
        *(
            reader.fields[f"tokenizer.ggml.{name}"].contents()
            for name in ("tokens", "token_type", "merges")
        )
    )
    matrices, arrays, at = {}, [merges.reshape(-1).view(np.uint8)], merges.nbytes
    for tensor in reader.tensors:
        columns, rows = [*map(int, tensor.shape), 1][:2]
        place = {"kind": int(tensor.tensor_type), "rows": rows, "columns": columns, "at": at}
        matrices[tensor.name] = place
        arrays.append(tensor.data.reshape(-1).view(np.uint8))
        at += tensor.n_bytes
    about = {
        "shape": shape_of(lambda key: reader.fields[key].contents()),
        "tokenizer": tokenizer,
        "merges": {"at": 0, "length": merges.size},
        "matrices": matrices,
        "bytes": at,
        "partBytes": PART_BYTES,
        "parts": -(-at // PART_BYTES),
    }
    return about, np.concatenate(arrays)


def write_carrier(folder, name, content):
    """A script that carries `content`, bytes: js/src/core/carried.js takes it."""
    text = base64.b64encode(content).decode()
    (folder / f"{name}.js").write_text(f'globalThis.attnlibCarried = "{text}";\n', encoding="ascii")


def fingerprint(path):
    """What the parts are made from: when it changes, they are made anew."""
    with path.open("rb") as file:
        return f"{FORMAT} {hashlib.file_digest(file, 'sha256').hexdigest()}\n"


def stands(folder, source):
    """Whether `folder` holds every part of what `source`, a fingerprint, was made into."""
    made = folder / MADE_FROM
    if not made.exists():
        return False
    first, *sizes = made.read_text(encoding="ascii").splitlines(keepends=True)
    return first == source and sizes == listing(folder)


def listing(folder):
    """Names and bytes of the scripts in `folder`."""
    return [f"{path.name} {path.stat().st_size}\n" for path in sorted(folder.glob("*.js"))]


def write_model(path, folder):
    """Write the model of the GGUF file `path` into `folder`, unless it stands there already."""
    source = fingerprint(path)
    if stands(folder, source):
        return
    folder.mkdir(parents=True, exist_ok=True)
    about, numbers = read(path)
    for part in range(about["parts"]):
        piece = numbers[part * PART_BYTES : (part + 1) * PART_BYTES]
        write_carrier(folder, f"part-{part:02}", piece.tobytes())
    write_carrier(folder, "about", json.dumps(about, separators=(",", ":")).encode())
    (folder / "LICENSE.txt").write_bytes(LICENCE.read_bytes())
    (folder / "NOTICE.txt").write_text(NOTICE.format(file=path.name), encoding="utf-8")
    # Last, so that a build that was interrupted is done again.
    (folder / MADE_FROM).write_text("".join([source, *listing(folder)]), encoding="ascii")


def add_model(app, exception):
    """Put the model beside the pages of a book that asks for it; one line where there is none."""
    if exception is not None or app.builder.format != "html" or not app.config.attnlib_smollm2:
        return
    if has_weights():
        write_model(weights_file(), Path(app.outdir) / FOLDER)
    else:
        print(ABSENT, file=sys.stderr)


def setup(app):
    app.add_config_value("attnlib_smollm2", False, "html", [bool])
    # After Sphinx has copied the static files.
    app.connect("build-finished", add_model, priority=900)
