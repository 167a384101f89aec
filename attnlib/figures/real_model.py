"""A real model, the texts that figures show of it, and what they answer to a notebook's views."""

from functools import cache
from typing import Any, ClassVar, NamedTuple

from attnlib._arguments import namespace
from attnlib.decoder import Decoder
from attnlib.figures import pattern_bytes
from attnlib.figures.challenges import Challenging
from attnlib.multi_head import MultiHead

START = "\n"  # every text begins with it: a bare first word predicts its successor badly
# Of a text that a view asks for, the new line included: js/src/core/liveModel.js.
MOST_TOKENS = 64
SHAPE = [N_LAYERS, N_HEADS] = [30, 9]  # of SmolLM2
WIDTHS = (49_152, 576)  # n_vocab, d_model


@cache
def smollm2():
    """SmolLM2, loaded on first use: 538 MB of memory.

    Raises `FileNotFoundError` and `ModuleNotFoundError`, with what to run, where its weights or
    their readers are not installed.
    """
    import attnlib as al

    return al.load_smollm2()


class Answering(Challenging):
    """A figure whose view in a notebook has no model of its own, and asks the kernel.

    `answers` are methods by what may be asked, js/src/core/liveModel.js: each takes what the view
    sent, and gives a dictionary.
    """

    answers: ClassVar[dict] = {}

    def __init__(self, **traits):
        super().__init__(**traits)
        self.on_msg(self._hear)

    def _hear(self, _, content, buffers):
        asked = content.get("asked")
        try:
            answer = self.answers[content["what"]](self, content)
        except Exception as error:  # whatever it is, the view has to say it
            kind = "" if type(error) is ValueError else f"{type(error).__name__}: "
            answer = {"error": f"{kind}{error}"}
        self.send({"asked": asked, **answer})


class Reading(NamedTuple):
    """How a model reads a text.

    `weights` and `lengths`, those of what each edge adds, are `(n_layers, n_heads, n, n)`;
    `tokens` are the `n` pieces of the text that `ids` stand for.
    """

    ids: list
    tokens: list
    weights: Any
    lengths: Any


def read(model, text, most_numbers):
    """The `Reading` of `START + text` by `model`, an `al.Decoder` with its tokenizer.

    Raises `TypeError` for another model and for a text that is no string, `ValueError` for a model
    without tokenizer, a text without words, and one of more than `most_numbers`.
    """
    _check_model(model)
    ids = encoded(model, text)
    n_layers, n_heads = len(model.blocks), model.blocks[0].w_q.shape[0]
    most = int((most_numbers / (2 * n_layers * n_heads)) ** 0.5)
    if len(ids) > most:
        raise ValueError(
            f"the text has {len(ids)} tokens, the new line included, but a page bears {most} of "
            f"{n_layers} layers of {n_heads} heads: pass a shorter text"
        )
    blocks = model.trace(ids).blocks
    weights = pattern_bytes.as_weights([block.weights for block in blocks])
    reach = namespace(embedding=model.embedding).stack([_reach(block) for block in blocks])
    # A number for each key has the length of the whole vector, and is d_model times lighter.
    lengths = pattern_bytes.as_contributions(weights, None, reach[..., None])
    return Reading(ids, pieces(model, ids), weights, lengths)


def _check_model(model):
    if not isinstance(model, Decoder):
        raise TypeError(
            f"model is a {type(model).__name__}; expected an al.Decoder, such as "
            "al.load_smollm2(). Show any other model with Patterns(tokens, weights)"
        )
    if model.tokenizer is None:
        raise ValueError(
            "model has no tokenizer, which turns a text into ids: pass "
            "dataclasses.replace(model, tokenizer=...), or show the weights with "
            "Patterns(tokens, model.trace(ids).weights)"
        )
    for i, block in enumerate(model.blocks):
        if not isinstance(block, MultiHead):
            raise TypeError(
                f"blocks[{i}] is a {type(block).__name__}, which tells no weights and values; "
                "expected an al.MultiHead in each layer"
            )


def is_smollm2(model):
    """Whether `model` is of the size of SmolLM2, which a page can bring; its numbers may differ."""
    heads = [block.w_q.shape[0] for block in model.blocks]
    return heads == [N_HEADS] * N_LAYERS and tuple(model.embedding.shape) == WIDTHS


def encoded(model, text):
    """The ids of `START + text`."""
    if not isinstance(text, str):
        raise TypeError(
            f"text is a {type(text).__name__}; expected a string, such as 'The old fox saw'"
        )
    if not text.strip():
        raise ValueError(f"text is {text!r}, without a word: write one at least")
    return ids_of(model, START + text)


def ids_of(model, text):
    """The ids of `text` as it stands; half a pair of UTF-16, as a page may have it, is U+FFFD."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return list(model.tokenizer.encode(whole).ids)


def check_length(ids):
    """Raises `ValueError` for more tokens than a view may ask for."""
    if len(ids) > MOST_TOKENS:
        raise ValueError(
            f"That is {len(ids)} tokens; the figure takes up to {MOST_TOKENS}, the new line "
            "included."
        )


def pieces(model, ids):
    """What each of `ids` writes; a letter of several tokens is U+FFFD in each of them."""
    return [model.tokenizer.decode([i], skip_special_tokens=False) for i in ids]


def _reach(block):
    """How long each key's value is once W_O has brought it back, `(n_heads, n_keys)`."""
    back = block.values @ block.block.w_o  # (n_heads, n_keys, d_model)
    xp = namespace(back=back)
    return xp.sqrt(xp.sum(back * back, axis=-1))
