"""SmolLM2 beside transformers' reading of the same file, whose numbers logits.json keeps."""

import json
from pathlib import Path

import numpy as np
import pytest

import attnlib as al

TABLE = json.loads(Path(__file__).with_name("logits.json").read_text(encoding="utf-8"))["texts"]
NAMES = TABLE[1]  # When Mary and John went to the garden, Mary gave the book to
every_text = pytest.mark.parametrize("row", TABLE, ids=lambda row: row["text"][:12].strip())
PARAMETERS = 134_515_008  # Ben Allal et al. (2025)


@every_text
def test_logits_are_those_of_transformers(smollm2, row):
    logits = np.asarray(smollm2(row["ids"]))
    assert logits.shape == (len(row["ids"]), 49_152)
    place, token, expected = map(np.array, zip(*row["logits"], strict=True))
    found = logits[place.astype(int), token.astype(int)]
    assert np.abs(found - expected).max() < 2e-4
    assert logits.argmax(-1).tolist() == row["likeliest"]


@every_text
def test_tokens_are_those_of_transformers(smollm2, row):
    assert smollm2.tokenizer.encode(row["text"]).ids == row["ids"]
    assert smollm2.tokenizer.decode(row["ids"], skip_special_tokens=False) == row["text"]


def test_it_has_the_parameters_that_its_authors_count(smollm2):
    blocks = [w for b in smollm2.blocks for w in (b.w_q, b.w_k, b.w_v, b.w_o)]
    layers = [w for f in smollm2.feed_forwards for w in (f.w_gate, f.w_up, f.w_down)]
    gains = [*smollm2.block_gains, *smollm2.feed_forward_gains, smollm2.last_gain]
    arrays = [smollm2.embedding, *blocks, *layers, *gains]
    assert sum(np.prod(array.shape) for array in arrays) == PARAMETERS
    assert np.shares_memory(np.asarray(smollm2.embedding), np.asarray(smollm2.unembedding))


def test_it_attends_with_attnlibs_own_blocks(smollm2):
    assert {type(block) for block in smollm2.blocks} == {al.MultiHead}
    block = smollm2.blocks[0]
    assert tuple(block.w_q.shape) == (9, 576, 64)
    assert tuple(block.w_k.shape) == tuple(block.w_v.shape) == (3, 576, 64)
    assert block.rotary == al.Rotary(100_000.0, "pairs")
    assert repr(smollm2) == "Decoder(n_layers=30, d_model=576, n_vocab=49152)"


def test_a_cache_changes_nothing(smollm2):
    ids, caches = NAMES["ids"], [al.Cache() for _ in smollm2.blocks]
    whole = np.asarray(smollm2(ids))
    for place, token in enumerate(ids):
        found = np.asarray(smollm2._next([token], caches))
        assert np.abs(found - whole[place]).max() < 1e-4
    assert {len(cache) for cache in caches} == {len(ids)}


def test_it_writes_what_it_finds_likeliest(smollm2):
    ids, written = list(NAMES["ids"]), smollm2.write(NAMES["ids"], 4)
    for token in written:
        assert np.asarray(smollm2(ids))[-1].argmax() == token
        ids.append(token)
    assert smollm2.tokenizer.decode(written).startswith(" John")


def test_a_trace_ends_in_the_same_logits(smollm2):
    ids = NAMES["ids"]
    trace, n = smollm2.trace(ids), len(ids)
    assert tuple(trace.states.shape) == (31, n, 576)
    assert tuple(trace.weights.shape) == (30, 9, n, n)
    assert tuple(trace.deltas.shape) == (30, 9, n, 576)
    assert np.abs(np.asarray(trace.logits) - np.asarray(smollm2(ids))).max() < 1e-4
    assert np.abs(np.asarray(trace.weights).sum(-1) - 1).max() < 1e-5


def test_layers_20_to_24_carry_the_name(smollm2):
    """Who gets the book? John (0.86), unless these layers hide the names: 0.06; others, 0.83."""
    ids = NAMES["ids"]
    john, mary = smollm2.tokenizer.encode(" John Mary").ids
    places, last = [i for i, token in enumerate(ids) if token in (john, mary)], len(ids) - 1

    def probability(layers):
        cut = [(layer, last, place) for layer in layers for place in places]
        logits = np.asarray(smollm2(ids, cut=cut))[-1]
        return float(al.softmax(logits)[john])

    whole = probability([])
    assert probability(range(20, 25)) < whole / 4
    assert min(probability(range(20)), probability(range(25, 30))) > whole / 2


def test_a_batch_is_its_texts(smollm2):
    texts = [row["ids"][:12] for row in TABLE[:3]]
    batch = np.asarray(smollm2(texts, silent=[(16, 0)], last=6))
    for ids, found in zip(texts, batch, strict=True):
        alone = np.asarray(smollm2(ids, silent=[(16, 0)], last=6))
        assert np.abs(found - alone).max() < 2e-4
