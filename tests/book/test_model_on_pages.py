"""The real model beside the pages: in parts that a script can carry, made once, or not at all."""

import base64
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest

from attnlib.smollm2 import NAMED
from attnlib.sphinx_ext import smollm2
from tests.conftest import ROOT

MERGES = ["Ġ a", "a b", "Ġa b"]
TOKENS = ["<|end|>", "a", "b", "Ġ", "Ń", "Ġa", "ab", "Ġab"]
LARGEST_FILE = 25_000_000  # bytes, on hosts of pages


@pytest.fixture
def weights(tmp_path):
    """A GGUF file of SmolLM2's kind, with two tensors."""
    return write_gguf(tmp_path / "small.gguf", TOKENS, np.arange(8, dtype=np.float32))


def write_gguf(path, tokens, norm):
    from gguf import GGUFWriter, TokenType
    from gguf.constants import GGMLQuantizationType

    writer = GGUFWriter(path, "llama")
    for name in ("block_count", "embedding_length", "attention.head_count"):
        writer.add_uint32(f"llama.{name}", 2)
    for name in ("attention.head_count_kv", "feed_forward_length", "vocab_size"):
        writer.add_uint32(f"llama.{name}", 3)
    writer.add_uint32("llama.rope.dimension_count", 4)
    writer.add_float32("llama.rope.freq_base", 100.0)
    writer.add_float32("llama.attention.layer_norm_rms_epsilon", 0.5)
    writer.add_token_list(tokens)
    writer.add_token_types([TokenType.CONTROL, *[TokenType.NORMAL] * (len(tokens) - 1)])
    writer.add_token_merges(MERGES)
    blocks = np.arange(2 * 34, dtype=np.uint8).reshape(2, 34)
    writer.add_tensor("table.weight", blocks, raw_dtype=GGMLQuantizationType.Q8_0)
    writer.add_tensor("norm.weight", norm)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def carried(script):
    """The bytes that a script carries."""
    found = re.fullmatch(r'globalThis\.attnlibCarried = "([\w+/=]*)";\n', script.read_text("ascii"))
    return base64.b64decode(found[1], validate=True)


def test_the_parts_hold_the_files_bits_and_about_says_where(weights, tmp_path, monkeypatch):
    monkeypatch.setattr(smollm2, "PART_BYTES", 30)
    folder = tmp_path / "site"
    smollm2.write_model(weights, folder)
    about = json.loads(carried(folder / "about.js"))
    parts = [carried(folder / f"part-{n:02}.js") for n in range(about["parts"])]
    assert len({path.name for path in folder.glob("part-*")}) == about["parts"]
    assert {len(part) for part in parts[:-1]} == {30}
    numbers = b"".join(parts)
    assert len(numbers) == about["bytes"]
    table, norm = (about["matrices"][f"{name}.weight"] for name in ("table", "norm"))
    assert (table["kind"], table["rows"], table["columns"]) == (8, 2, 32)
    assert numbers[table["at"] :][: 2 * 34] == bytes(range(2 * 34))
    assert np.frombuffer(numbers, np.float32, 8, norm["at"]).tolist() == list(range(8))
    assert about["shape"]["base"] == 100 and about["shape"]["epsilon"] == 0.5


def test_the_tokenizer_is_told_in_bytes_and_pairs_of_ids(weights):
    about, numbers = smollm2.read(weights)
    assert about["tokenizer"] == {"control": ["<|end|>"], "bytes": [97, 98, 32, 173]}
    pairs = numbers[: 2 * about["merges"]["length"]].view(np.uint16)
    assert pairs.reshape(-1, 2).tolist() == [[3, 1], [1, 2], [5, 2]]


def test_tokens_in_another_order_are_refused(tmp_path):
    tokens = [*TOKENS[:-2], *TOKENS[:-3:-1]]
    path = write_gguf(tmp_path / "other.gguf", tokens, np.zeros(8, np.float32))
    with pytest.raises(ValueError, match="not in the order control, bytes, merges"):
        smollm2.read(path)


def test_every_byte_has_a_letter_of_its_own():
    bytes_of = smollm2.byte_of_letter()
    assert sorted(bytes_of.values()) == list(range(256))
    assert (bytes_of["A"], bytes_of["Ġ"], bytes_of["Ċ"]) == (65, 32, 10)


class TestOnce:
    def test_what_stands_is_not_written_again(self, weights, tmp_path, monkeypatch):
        folder = tmp_path / "site"
        smollm2.write_model(weights, folder)
        monkeypatch.setattr(smollm2, "read", lambda path: pytest.fail("read again"))
        smollm2.write_model(weights, folder)

    @pytest.mark.parametrize("name", ["part-00.js", "about.js", "made-from.txt"])
    def test_what_is_missing_or_cut_short_is(self, weights, tmp_path, name):
        folder = tmp_path / "site"
        smollm2.write_model(weights, folder)
        whole = {path.name: path.read_bytes() for path in folder.iterdir()}
        (folder / name).unlink()
        smollm2.write_model(weights, folder)
        (folder / name).write_bytes(whole[name][:-9])
        smollm2.write_model(weights, folder)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole

    def test_other_weights_are_written(self, weights, tmp_path):
        folder = tmp_path / "site"
        smollm2.write_model(weights, folder)
        before = carried(folder / "part-00.js")
        write_gguf(weights, TOKENS, np.ones(8, np.float32))
        smollm2.write_model(weights, folder)
        assert carried(folder / "part-00.js") != before


def building(outdir, asks=True):
    """What `add_model` reads of a Sphinx application."""
    return SimpleNamespace(
        outdir=outdir,
        builder=SimpleNamespace(format="html"),
        config=SimpleNamespace(attnlib_smollm2=asks),
    )


class TestABuild:
    def test_with_the_weights_it_has_the_model(self, weights, tmp_path, monkeypatch, capsys):
        monkeypatch.setenv(NAMED, str(weights))
        smollm2.add_model(building(tmp_path), None)
        assert (tmp_path / "_static" / "smollm2" / "about.js").exists()
        licence = (tmp_path / "_static" / "smollm2" / "LICENSE.txt").read_text(encoding="utf-8")
        assert "Apache License" in licence
        assert capsys.readouterr() == ("", "")

    def test_without_them_it_has_none_and_says_so_in_one_line(self, tmp_path, monkeypatch, capsys):
        monkeypatch.setenv(NAMED, str(tmp_path / "nowhere.gguf"))
        smollm2.add_model(building(tmp_path), None)
        assert list(tmp_path.iterdir()) == []
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and smollm2.INSTALL in said

    def test_a_book_that_does_not_ask_gets_none(self, weights, tmp_path, monkeypatch, capsys):
        monkeypatch.setenv(NAMED, str(weights))
        smollm2.add_model(building(tmp_path / "site", asks=False), None)
        smollm2.add_model(building(tmp_path / "site"), RuntimeError("the build failed"))
        assert not (tmp_path / "site").exists()
        assert capsys.readouterr() == ("", "")

    def test_this_book_asks(self):
        assert "attnlib_smollm2: true" in (ROOT / "_config.yml").read_text(encoding="utf-8")


def test_the_built_model_fits_hosts_and_its_share_of_the_book(built_book):
    scripts = list((built_book / smollm2.FOLDER).glob("*"))
    if not scripts:
        pytest.skip("the book was built without the weights of the real model")
    assert max(path.stat().st_size for path in scripts) < LARGEST_FILE
    assert sum(path.stat().st_size for path in scripts) <= 130_000_000
