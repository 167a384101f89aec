"""How heads come about: a small model learns to guess the next word of the parrot's texts.

PyTorch works out the gradients and takes the steps. A `Recipe` says everything that decides a run:
the same recipe gives the same weights, here and in the figure of chapter 12, up to the order in
which sums are added.

    run = train(Recipe(seed=1))
    for step, loss in run:
        ...
    examine(run.model, recipe=run.recipe).copying
"""

import base64
import math
from dataclasses import asdict, dataclass, fields, replace

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from attnlib import parrot
from attnlib._arguments import check_count, check_flag, check_number
from attnlib.attention_only import AttentionOnly
from attnlib.distance import DistanceBias
from attnlib.head_scores import prefix_matches, previous_word_score
from attnlib.multi_head import MultiHead

FEWEST_WORDS = 21  # from here on every text has a word to copy
TEXTS_AFTER = 1000  # the seed of a run's texts is the seed of its weights and this
N_BEHIND, N_AHEAD = 5, 2  # distances 0, 1, 2, 3, farther; and 1, farther, after the query
DRAWN_AHEAD = [6, 5]  # columns of the drawn numbers: 1 after the query, 2 or more after it
_CHECKS = {bool: check_flag, int: check_count, float: check_number}
_LEAST = dict.fromkeys(("n_layers", "d_model", "n_heads", "n_texts", "n_steps"), 1)
_LEAST["n_words"] = FEWEST_WORDS
BETAS = (0.9, 0.98)
BIAS_RATE = 5  # distance biases learn this much faster than matrices
LONGEST_GRADIENT = 1.0
KEPT_STEPS = (0, 100, 200, 250, 300, 350, 400, 500)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a run: the model, the texts, the steps, and what is taken away.

    `n_layers` blocks of `n_heads` heads on `d_model` columns; each of `n_steps` steps looks at
    `n_texts` texts of `n_words` words. The `rate` is reached after `warm_up` steps. A word that
    nothing settles counts with the weight `unsettled`, a settled one with 1. The first weights are
    drawn from `seed`, the texts from `1000 + seed`.

    `mask=False` lets tokens see what comes later, `root=False` leaves scores undivided by
    `sqrt(d_head)`, `positions=False` takes the distance bias away, and `previous=False` hides from
    each query the word just before it.

    Raises `TypeError` and `ValueError` for values that no run can have.
    """

    n_layers: int = 2
    d_model: int = 24
    n_heads: int = 4
    n_words: int = 32
    n_texts: int = 16
    n_steps: int = 500
    rate: float = 0.01
    warm_up: int = 20
    unsettled: float = 0.1
    seed: int = 1
    mask: bool = True
    root: bool = True
    positions: bool = True
    previous: bool = True

    def __post_init__(self):
        for field in fields(self):
            _CHECKS[field.type](field.name, getattr(self, field.name))
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}, but at least {least} is needed")
        parrot.check_seed(self.seed)
        if not (self.rate > 0 and 0 <= self.unsettled <= 1):
            raise ValueError(
                f"rate is {self.rate} and unsettled is {self.unsettled}, but a rate above 0 and a "
                "weight from 0 to 1 are needed"
            )
        if self.d_model % self.n_heads:
            raise ValueError(
                f"d_model is {self.d_model}, but {self.n_heads} heads need a multiple of "
                f"{self.n_heads}"
            )


def initial_model(recipe, dtype=torch.float64):
    """The model before its first step, drawn from the recipe's seed: an `AttentionOnly`.

    Its arrays are tensors of `dtype` that gradients reach.

    >>> round(initial_model(Recipe()).embedding[0, 0].item(), 6)
    0.127074
    """
    draws = parrot.Draws(recipe.seed)
    drawn = [
        (2 * draws() - 1) * bound
        for name, shape in weight_shapes(recipe).items()
        for bound in [_bound(name, recipe.d_model)]
        for _ in range(math.prod(shape))
    ]
    return model_of(recipe, np.array(drawn), dtype)


def _bound(name, d_model):
    """First weights are drawn evenly from -bound to bound; `w_o` starts at half the others."""
    kind = name.rpartition(".")[2]
    bounds = {"embedding": 0.5, "distance": 2.0, "unembedding": 1 / math.sqrt(d_model)}
    return bounds.get(kind, math.sqrt(3) * (0.5 if kind == "w_o" else 1) / math.sqrt(d_model))


def weight_shapes(recipe):
    """The names and shapes of a model's weights, in the order in which they are drawn and kept.

    The matrices of a layer are written as papers write them, the heads side by side. A row of
    `distance` holds, for one head: 0, 1, 2, 3 and 4 or more before the query, 2 or more after it,
    and 1 after it.

    >>> shapes = weight_shapes(Recipe())
    >>> shapes["blocks.1.w_q"], sum(math.prod(shape) for shape in shapes.values())
    ((24, 24), 6776)
    """
    d_model, n_words = recipe.d_model, len(parrot.WORDS)
    shapes = {"embedding": (n_words, d_model)}
    for layer in range(recipe.n_layers):
        for name in ("w_q", "w_k", "w_v", "w_o"):
            shapes[f"blocks.{layer}.{name}"] = (d_model, d_model)
        shapes[f"blocks.{layer}.distance"] = (recipe.n_heads, N_BEHIND + N_AHEAD)
    return shapes | {"unembedding": (d_model, n_words)}


def named_weights(recipe, weights):
    """`weights`, all of them in one array as `flat_weights` gives them, as arrays by their names.

    Names and shapes are those of `weight_shapes`.

    Raises `ValueError` where there are more or fewer numbers than the recipe's model has.

    >>> named_weights(Recipe(), np.zeros(6776))["blocks.1.w_o"].shape
    (24, 24)
    """
    shapes = weight_shapes(recipe)
    sizes = [math.prod(shape) for shape in shapes.values()]
    weights = np.asarray(weights, dtype=np.float64)
    if weights.shape != (sum(sizes),):
        raise ValueError(
            f"weights has shape {weights.shape}, but the recipe's model has {sum(sizes)} numbers"
        )
    parts = np.split(weights, np.cumsum(sizes)[:-1])
    return {
        name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)
    }


def model_of(recipe, weights, dtype=torch.float64):
    """The model that these `weights` make, all of them in one array: an `AttentionOnly`.

    Raises what `named_weights` raises.

    >>> len(model_of(Recipe(n_layers=1), np.zeros(4444)).blocks)
    1
    """
    named = {
        name: torch.tensor(part, dtype=dtype)
        for name, part in named_weights(recipe, weights).items()
    }
    blocks = [_block(recipe, named, layer) for layer in range(recipe.n_layers)]
    return AttentionOnly(_leaf(named["embedding"]), blocks, _leaf(named["unembedding"]))


def _block(recipe, named, layer):
    w_q, w_k, w_v, w_o = (named[f"blocks.{layer}.{name}"] for name in ("w_q", "w_k", "w_v", "w_o"))
    numbers = named[f"blocks.{layer}.distance"]
    behind, ahead = _leaf(numbers[:, :N_BEHIND]), _leaf(numbers[:, DRAWN_AHEAD])
    return MultiHead(
        *(_leaf(w.unflatten(1, (recipe.n_heads, -1)).transpose(0, 1)) for w in (w_q, w_k, w_v)),
        _leaf(w_o.unflatten(0, (recipe.n_heads, -1))),
        distance=DistanceBias(behind, ahead) if recipe.positions else None,
        scale=None if recipe.root else 1.0,
    )


def _leaf(tensor):
    return tensor.clone(memory_format=torch.contiguous_format).requires_grad_()


def flat_weights(model):
    """All weights of a trained `model` in one array, `(n_weights,)`, as `weight_shapes` lists them.

    A model without positions has zeros in place of its `distance` numbers.

    >>> flat_weights(initial_model(Recipe())).shape
    (6776,)
    """
    parts = [model.embedding]
    for block in model.blocks:
        parts += [*block.concatenated(), _drawn_distances(block)]
    parts.append(model.unembedding)
    return np.concatenate([part.detach().double().cpu().numpy().ravel() for part in parts])


def _drawn_distances(block):
    if block.distance is None:
        return torch.zeros(block.w_q.shape[0], N_BEHIND + N_AHEAD)
    ahead = block.distance.ahead[:, [column - N_BEHIND for column in DRAWN_AHEAD]]
    return torch.cat([block.distance.behind, ahead], dim=1)


def _parameters(model):
    """The tensors of `model` that learn: its matrices, and the numbers of its distance biases."""
    matrices = [model.embedding]
    for block in model.blocks:
        matrices += [block.w_q, block.w_k, block.w_v, block.w_o]
    distances = [block.distance for block in model.blocks if block.distance is not None]
    biases = [array for distance in distances for array in distance.arrays().values()]
    return [*matrices, model.unembedding], biases


def visibility(recipe, n_tokens=None):
    """What the recipe lets a query look at, as the keyword arguments of a model's call.

    For texts of `n_tokens` words; as long as the recipe's own unless given.

    >>> visibility(Recipe())
    {'causal': True, 'mask': None}
    """
    token = np.arange(recipe.n_words if n_tokens is None else n_tokens)
    not_just_before = token[:, None] - token[None, :] != 1
    return {"causal": recipe.mask, "mask": None if recipe.previous else not_just_before}


def loss(logits, answers, weights):
    """How surprised the model is at the `answers`: the weighted mean over all words, in nats.

    `logits` is `(..., n_words, n_choices)`, `answers` and `weights` are `(..., n_words)`. The
    surprise at a word is minus the logarithm of the probability that the model gave it.

    >>> alike = torch.zeros(1, 2, 44)
    >>> round(loss(alike, torch.tensor([[3, 7]]), torch.ones(1, 2)).item(), 3)
    3.784
    """
    surprise = cross_entropy(logits.flatten(0, -2), answers.flatten(), reduction="none")
    return (surprise * weights.flatten()).sum() / weights.sum()


class Run:
    """A model that learns, one step after another: what `train` gives.

    An iterator over `(step, loss)`, one pair for each of the recipe's steps; the loss is the one
    before the step. `model` is the model as it is now, `losses` what the steps so far have cost,
    and `step_number` how many there were. `step()` takes one more, also beyond the recipe's.

    A loss that is not finite raises `FloatingPointError`: the weights are again those that gave the
    last finite loss.
    """

    def __init__(self, recipe, dtype=torch.float64):
        self.recipe, self.losses = recipe, []
        self.model = initial_model(recipe, dtype)
        self._texts = parrot.Draws((TEXTS_AFTER + recipe.seed) % (parrot.LARGEST_SEED + 1))
        self._visible = visibility(recipe)
        matrices, biases = _parameters(self.model)
        self._tensors = matrices + biases
        self._sound = [tensor.detach().clone() for tensor in self._tensors]
        groups = [{"params": matrices}]
        if biases:
            groups.append({"params": biases, "lr": BIAS_RATE * recipe.rate})
        self._optimiser = torch.optim.AdamW(groups, lr=recipe.rate, betas=BETAS, weight_decay=0.0)
        self._rate = torch.optim.lr_scheduler.LambdaLR(
            self._optimiser, lambda done: min(1.0, (done + 1) / max(1, recipe.warm_up))
        )

    @property
    def step_number(self):
        """How many steps were taken."""
        return len(self.losses)

    def __iter__(self):
        return self

    def __next__(self):
        if self.step_number >= self.recipe.n_steps:
            raise StopIteration
        cost = self.step()
        return self.step_number, cost

    def step(self):
        """Looks at the next texts, moves every weight a little, and gives the loss before it."""
        batch = parrot.batch(self._texts, self.recipe.n_texts, self.recipe.n_words)
        logits = self.model(torch.as_tensor(batch.ids), **self._visible)
        weights = torch.as_tensor(np.where(batch.settled, 1.0, self.recipe.unsettled))
        cost = loss(logits, torch.as_tensor(batch.answers), weights.to(logits.dtype))
        self._check_finite(cost.item())
        self._optimiser.zero_grad()
        cost.backward()
        torch.nn.utils.clip_grad_norm_(self._tensors, LONGEST_GRADIENT)
        self._optimiser.step()
        self._rate.step()
        self.losses.append(cost.item())
        return self.losses[-1]

    @torch.no_grad()
    def _check_finite(self, cost):
        """Keeps the weights that gave a finite loss; goes back to the last ones that did."""
        sound = math.isfinite(cost)
        for tensor, kept in zip(self._tensors, self._sound, strict=True):
            (kept if sound else tensor).copy_(tensor if sound else kept)
        if not sound:
            raise FloatingPointError(
                f"the loss of step {self.step_number + 1} is {cost}, at a rate of "
                f"{self.recipe.rate}: start again with a smaller rate. The weights are those of "
                "the last finite loss"
            )


def train(recipe, dtype=torch.float64):
    """A `Run` of the recipe from its first step: an iterator over `(step, loss)`.

    >>> run = train(Recipe(n_steps=2))
    >>> [(step, round(loss, 3)) for step, loss in run]
    [(1, 3.936), (2, 3.954)]
    """
    return Run(recipe, dtype)


@dataclass(frozen=True, eq=False)
class Exam:
    """What a model knows, on texts that it was not trained on.

    `loss` is its mean surprise at the next word in nats, over all words alike, and `settled_loss`
    over those that the text settles. `copying` and `sense` are the shares of copied words, and of
    deeds that the person tells, on which its best guess was right; NaN where the texts have none.
    `previous_word` and `prefix_matching`, `(n_layers, n_heads)`, are the scores of its heads
    (`al.previous_word_score`, and `al.prefix_matching_score` where a word is copied).
    """

    loss: float
    settled_loss: float
    copying: float
    sense: float
    previous_word: np.ndarray
    prefix_matching: np.ndarray


@torch.no_grad()
def examine(model, recipe=None, n_texts=parrot.EXAM_TEXTS, seed=parrot.EXAM_SEED, silent=()):
    """What `model` knows of `n_texts` texts from the stream `seed`: an `Exam`.

    `recipe` says how long the texts are and what a query may look at; it is the plain `Recipe()`
    unless given. `silent` heads add nothing, as in a call of the model.

    Raises `TypeError` and `ValueError` for other seeds and counts, and what the model raises.

    >>> round(examine(initial_model(Recipe())).loss, 3)
    3.983
    """
    recipe = Recipe() if recipe is None else recipe
    batch = parrot.batch(parrot.Draws(seed), n_texts, recipe.n_words)
    trace = model.trace(batch.ids, **visibility(recipe), silent=silent)
    logits, patterns = (torch.as_tensor(a).double().cpu() for a in (trace.logits, trace.weights))
    answers = torch.as_tensor(batch.answers)
    settled = torch.as_tensor(batch.settled)
    copying, sense = parrot.right_shares(logits.argmax(-1).numpy(), batch)
    patterns = patterns.numpy()
    return Exam(
        loss=loss(logits, answers, torch.ones_like(settled)).item(),
        settled_loss=loss(logits, answers, settled.double()).item(),
        copying=copying,
        sense=sense,
        previous_word=previous_word_score(patterns).mean(axis=1),
        prefix_matching=_over_all_texts(patterns, batch),
    )


def _over_all_texts(patterns, batch):
    """The prefix-matching score where a word is copied, each query of each text alike."""
    matched, counted = prefix_matches(patterns, batch.ids, batch.kinds == "copied")
    return matched.sum(axis=(1, 3)) / counted.sum()


@dataclass(frozen=True, eq=False)
class Recording:
    """A run that was made, for a figure to show: what `record` gives.

    `losses` has one number for each step, `exams` an `Exam` by the number of steps before it, and
    `weights` all weights in one array (see `flat_weights`) by the number of steps before them.
    """

    recipe: Recipe
    losses: list
    exams: dict
    weights: dict

    def keeping(self, *steps):
        """The same recording with the weights of these steps alone, for a page that weighs less.

        Raises `ValueError` for a step whose weights were not kept.
        """
        if missing := [step for step in steps if step not in self.weights]:
            raise ValueError(
                f"the weights of step {missing[0]} were not kept, but those of "
                f"{', '.join(map(str, self.weights))} were: pass keep=(..., {missing[0]}) to record"
            )
        return replace(self, weights={step: self.weights[step] for step in steps})

    def state(self):
        """The recording in plain lists and strings, for JSON.

        Losses are rounded to 6 digits; weights are float32, little-endian, in base64.
        """
        return {
            "recipe": {_camel_case(name): value for name, value in asdict(self.recipe).items()},
            "losses": [round(loss, 6) for loss in self.losses],
            "exams": [{"step": step, **_plain(exam)} for step, exam in self.exams.items()],
            "weights": {str(step): _packed(each) for step, each in self.weights.items()},
        }


def record(recipe, keep=KEPT_STEPS, exam_every=25):
    """Train by `recipe` to the end, and keep what a figure shows: a `Recording`.

    The weights are kept after the steps in `keep`, with those after the last one, and an exam is
    taken before the first step, after every `exam_every` steps and after the last one.

    Raises `FloatingPointError` where a run stops (see `Run`), `ValueError` for exams every 0 steps.

    >>> list(record(Recipe(n_steps=2)).state())
    ['recipe', 'losses', 'exams', 'weights']
    """
    if check_count("exam_every", exam_every) == 0:
        raise ValueError("exam_every is 0, but at least 1 is needed")
    run = train(recipe)
    keep, exams, weights = {*keep, recipe.n_steps}, {}, {}
    for done in range(recipe.n_steps + 1):
        if done > 0:
            next(run)
        if done in keep:
            weights[done] = flat_weights(run.model)
        if done % exam_every == 0 or done == recipe.n_steps:
            exams[done] = examine(run.model, recipe=recipe)
    return Recording(recipe, run.losses, exams, weights)


def _camel_case(name):
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _plain(exam):
    plain = {_camel_case(name): value for name, value in vars(exam).items()}
    return {name: np.round(value, 6).tolist() for name, value in plain.items()}


def _packed(weights):
    return base64.b64encode(weights.astype("<f4").tobytes()).decode("ascii")
