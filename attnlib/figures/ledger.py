"""Ledger: the parameters of a transformer, to the last digit."""

from dataclasses import asdict, fields, replace

import traitlets

from attnlib.configs import explain_config, families, published_configs, text_part
from attnlib.counting import (
    BYTES,
    GPT2_SMALL,
    GPT3,
    LLAMA3_8B,
    TransformerShape,
    count_parameters,
)
from attnlib.figures import still
from attnlib.figures.base import Checked
from attnlib.figures.challenges import Challenging

# As in js/src/core/counting/shape.js: with these every total is exact there too.
MOST = {
    "n_layers": 1000,
    "n_heads": 1024,
    "d_model": 131_072,
    "n_vocab": 10_000_000,
    "n_positions": 10_000_000,
    "d_head": 4096,
    "n_kv_heads": 1024,
    "d_ff": 1_000_000,
}
MOST_EXTRAS = {
    "n_norms": 16,
    "window": 10_000_000,
    "n_full": 1000,
    "n_kv_heads_full": 1024,
    "d_head_full": 4096,
    "n_kv_shared": 1000,
    "n_kv_shared_full": 1000,
    "d_ff_shared": 1_000_000,
    "d_per_layer": 131_072,
    "d_value": 4096,
    "d_latent": 131_072,
    "d_query_latent": 131_072,
    "d_rotary": 4096,
    "n_index_heads": 1024,
    "d_index": 4096,
    "n_indexed": 1000,
    "n_chosen": 10_000_000,
    "n_linear": 1000,
    "n_linear_heads": 1024,
    "n_linear_keys": 1024,
    "d_linear_key": 4096,
    "d_linear_value": 4096,
    "n_taps": 1000,
    "n_experts": 10_000,
    "n_active": 10_000,
    "n_shared": 10_000,
    "n_dense": 1000,
    "d_expert": 1_000_000,
    "d_shared": 1_000_000,
}
MOST_PARAMETERS = 9_000_000_000_000_000
MOST_TOKENS = 1_000_000
FIELDS = tuple(field.name for field in fields(TransformerShape))


def asked(shape):
    """The fields of `shape`, None for those that follow from the others."""
    usual = {
        "n_kv_heads": shape.n_heads,
        "d_head": shape.d_model / shape.n_heads,
        "d_ff": 4 * shape.d_model,
    }
    return asdict(shape) | {n: None for n in usual if getattr(shape, n) == usual[n]}


_WHOLE_GPT3 = replace(GPT3, biases=True, norm="layer", n_positions=2048, tied=True)
PRESETS = {
    "GPT-3, as 3Blue1Brown counts": asked(GPT3),
    "GPT-3 with biases, normalisation and positions": asked(_WHOLE_GPT3),
    "GPT-2 small": asked(GPT2_SMALL),
    "Llama 3 8B": asked(LLAMA3_8B),
    "small enough for an evening": asked(
        TransformerShape(n_layers=4, n_heads=4, d_model=128, n_vocab=2000, n_positions=128)
    ),
}


EXAMPLES = (
    *("SmolLM2 135M", "Llama 3.1 8B", "Mistral 7B v0.1", "Qwen2.5 7B", "OLMo 2 1B", "Gemma 3 1B"),
    *("Qwen3 30B-A3B", "DeepSeek-V2-Lite", "gpt-oss 20b", "Llama 4 Scout", "Qwen3.5 9B"),
    "Gemma 4 31B",
)
SEVERAL = (
    "This file describes a model of several parts; what follows is its text_config, the part that "
    "reads and writes text."
)
# The page reads a configuration by the tables of `attnlib.configs`: there is one copy.
TABLES = {
    "families": {  # in which they differ from the first that many follow
        kind: family
        if kind == "llama"
        else {name: said for name, said in family.items() if said != families.LLAMA[name]}
        for kind, family in families.FAMILIES.items()
    },
    "more": families.MORE,
    "needed": list(families.NEEDED),
    "telling": families.TELLING,
    "harmless": families.HARMLESS,
    "adds": {
        field: {str(value).lower(): text for value, text in kinds.items()}
        for field, kinds in families.ADDS.items()
    },
    "meanings": families.MEANINGS,
    "inside": families.INSIDE,
    "kinds": families.KINDS,
    "others": families.OTHERS,
    "several": SEVERAL,
}


class Ledger(Challenging):
    """The tally of a transformer that the reader puts together.

    Parameters
    ----------
    shape : an `attnlib.TransformerShape`, or a dictionary of its fields, with None for those that
        follow from the others; or the title of one of `PRESETS`.
    config : in its place, what a model's `config.json` holds, as a dictionary; the lines that are
        read are kept, in their order, until the shape is another.
    precision : "float32", "bfloat16" or "int8", for the bytes.
    n_tokens : the length of the text whose cache is reckoned, 1 to 1,000,000.
    opened : the line whose multiplication is shown, as "attention: w_q"; or None.
    challenges : see `attnlib.figures.challenges`; a condition's `measure` is "total", "attention"
        (its parameters), "share" (of attention), "cache" (bytes a token), "n_layers", "n_heads"
        or "differs" (how many fields are not those of `shape`). Or the name of a chapter.

    Shapes that cannot be built raise the errors of `attnlib.TransformerShape`, configurations that
    are not understood those of `attnlib.shape_from_config`, other wrong values
    `ValueError` (for choices and ranges traitlets' `TraitError`), and the figure stays as it was.
    `tally` is attnlib's own.
    """

    script = "attnlib-long.js"

    title = traitlets.Unicode("Where are the parameters?").tag(sync=True)
    shape = Checked().tag(sync=True)
    precision = traitlets.Enum(list(BYTES), "bfloat16").tag(sync=True)
    n_tokens = traitlets.Int(2048, min=1, max=MOST_TOKENS).tag(sync=True)
    opened = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    config = traitlets.Any(None, allow_none=True).tag(sync=True)
    presets = traitlets.Dict(PRESETS).tag(sync=True)
    configs = traitlets.Dict().tag(sync=True)
    config_tables = traitlets.Dict(TABLES).tag(sync=True)

    def __init__(self, shape=None, **traits):
        if shape is not None:
            traits["shape"] = _fields_of(shape)
        if traits.get("config") is not None:
            described = asked(explain_config(traits["config"]).shape)
            if traits.setdefault("shape", described) != described:
                raise ValueError("shape is not what config describes: give one of them")
        super().__init__(**traits)

    @classmethod
    def from_config(cls, config, **traits):
        """The figure of the model that a configuration describes."""
        return cls(config=config, **traits)

    @traitlets.default("configs")
    def _a_few_that_are_published(self):
        published = published_configs()
        return {title: published[title]["config"] for title in EXAMPLES}

    @traitlets.default("shape")
    def _as_the_video_counts(self):
        return asked(GPT3)

    @traitlets.validate("shape")
    def _can_be_built(self, proposal):
        written = _fields_of(proposal["value"])
        shape = TransformerShape(**written)  # raises what is wrong with it
        for name, most in (MOST | MOST_EXTRAS).items():
            if (written[name] or 0) > most:
                raise ValueError(f"{name} is {written[name]}; the figure counts up to {most}")
        if count_parameters(shape).total > MOST_PARAMETERS:
            raise ValueError(
                f"the figure counts up to {MOST_PARAMETERS} parameters; this model has more"
            )
        return written

    @traitlets.validate("config")
    def _can_be_read(self, proposal):
        return None if proposal["value"] is None else _read_of(proposal["value"])

    @traitlets.observe("config")
    def _becomes_what_is_described(self, change):
        if self.config is not None:
            self.shape = asked(self.reading.shape)

    @traitlets.observe("shape")
    def _is_described_no_more(self, change):
        if self.config is not None and asked(self.reading.shape) != self.shape:
            self.config = None

    @traitlets.validate("opened")
    def _line_that_exists(self, proposal):
        lines = [_line(entry) for entry in self.tally.entries]
        if proposal["value"] not in (None, *lines):
            known = ", ".join(lines)
            raise ValueError(f"opened is {proposal['value']!r}; the lines are: {known}")
        return proposal["value"]

    @traitlets.observe("shape")
    def _close_what_is_gone(self, change):
        if self.opened not in (None, *map(_line, self.tally.entries)):
            self.opened = None

    @property
    def reading(self):
        """`attnlib.explain_config` of the configuration, or None."""
        return None if self.config is None else explain_config(self.config)

    @property
    def tally(self):
        """`attnlib.count_parameters` of the shape."""
        return count_parameters(TransformerShape(**self.shape))

    def measure(self, condition):
        """What the state has of what `condition` measures."""
        tally, what = self.tally, condition["measure"]
        if what == "differs":
            return sum(getattr(tally.shape, n) != v for n, v in condition["shape"].items())
        measures = {
            "total": tally.total,
            "attention": tally.parts["attention"],
            "share": tally.attention_share,
            "cache": tally.shape.cache_bytes(1, self.precision),
        }
        return measures[what] if what in measures else getattr(tally.shape, what)

    def describe(self):
        tally = self.tally
        share = f"{100 * tally.attention_share:.1f} % of them in attention"
        if tally.shape.n_experts:
            share += f"; a token meets {tally.active:,} of them"
        lines = [f"Ledger: {tally.total:,} parameters, {share}", str(tally)]
        if self.config is not None:
            several = [] if text_part(self.config) is self.config else [SEVERAL]
            lines += ["", *several, str(self.reading)]
        return "\n".join(lines)

    def still(self):
        counts = {part: count for part, count in self.tally.parts.items() if count}
        shares = [count / self.tally.total for count in counts.values()]
        parts, *size = still.bars(list(counts), shares)
        return still.figure(still.svg(parts, *size, self.describe()))


def _read_of(config):
    """The lines of a configuration that are read or must be so, where they stand in its file."""
    read = {name for name, _, _ in explain_config(config).lines}
    read |= set(families.FAMILIES[text_part(config)["model_type"]]["only"])

    def those_of(lines):
        return {name: value for name, value in lines.items() if name in read}

    if text_part(config) is config:
        return those_of(config)
    inner = {"text_config": those_of(config["text_config"])}
    return {n: v for n, v in config.items() if n in ("tie_word_embeddings", *inner)} | inner


def _line(entry):
    return f"{entry.part}: {entry.name}"


def _fields_of(shape):
    """The fields of a shape, of a dictionary or of a preset, every one of them."""
    if isinstance(shape, TransformerShape):
        return asked(shape)
    if isinstance(shape, str):
        if shape not in PRESETS:
            raise ValueError(f"shape is {shape!r}; the presets are: {', '.join(PRESETS)}")
        return dict(PRESETS[shape])
    if not isinstance(shape, dict):
        raise ValueError(f"shape is {shape!r}; expected a TransformerShape or its fields")
    unknown = sorted(set(shape) - set(FIELDS), key=str)
    if unknown:
        raise ValueError(f"shape has {unknown[0]!r}; its fields are: {', '.join(FIELDS)}")
    needed = [name for name in FIELDS[:4] if name not in shape]
    if needed:
        raise ValueError(f"shape does not say {needed[0]}")
    usual = {field.name: field.default for field in fields(TransformerShape)[4:]}
    return {name: shape.get(name, usual.get(name)) for name in FIELDS}
