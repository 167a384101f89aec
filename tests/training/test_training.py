"""Training: the weights it starts from, its steps beside a plain loop, and what comes of it."""

import base64
import hashlib
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import embedding, rms_norm

import attnlib as al
from attnlib import parrot, training
from attnlib.training import Recipe, Run, examine, flat_weights, initial_model, record, train

PLAIN = Recipe()
SMALL = Recipe(d_model=8, n_heads=2, n_texts=2, n_steps=6)
SWITCHES = {
    "plain": {},
    "one layer": {"n_layers": 1},
    "no mask": {"mask": False},
    "no root": {"root": False},
    "no positions": {"positions": False},
    "previous hidden": {"previous": False},
    "all words alike": {"unsettled": 1.0},
    "no warm-up": {"warm_up": 0},
}


@pytest.fixture(scope="module")
def trained():
    """Seed 5 copies soonest of five that were looked at, after 200 steps."""
    run = train(replace(PLAIN, seed=5, n_steps=275))
    list(run)
    return run.model


class PlainLoop:
    """The same training on one dictionary of matrices, with AdamW as its paper writes it."""

    def __init__(self, recipe):
        self.recipe, self.steps = recipe, 0
        self.texts = parrot.Draws(1000 + recipe.seed)
        numbers, at = flat_weights(initial_model(replace(recipe, positions=True))), 0
        self.weights = {}
        for name, shape in training.weight_shapes(recipe).items():
            size = math.prod(shape)
            part = numbers[at : at + size].reshape(shape)
            self.weights[name], at = torch.tensor(part, requires_grad=True), at + size
        self.means = {name: torch.zeros_like(w) for name, w in self.weights.items()}
        self.squares = {name: torch.zeros_like(w) for name, w in self.weights.items()}

    def logits(self, ids):
        recipe, w = self.recipe, self.weights
        before = torch.arange(recipe.n_words)[:, None] - torch.arange(recipe.n_words)
        hidden = (before < 0) & recipe.mask | (before == 1) & (not recipe.previous)
        column = torch.where(before >= 0, before.clamp(max=4), before.clamp(min=-2) + 7)
        x = embedding(ids, w["embedding"])
        for layer in range(recipe.n_layers):
            w_q, w_k, w_v, w_o, distance = (
                w[f"blocks.{layer}.{name}"] for name in ("w_q", "w_k", "w_v", "w_o", "distance")
            )
            normed = rms_norm(x, (recipe.d_model,), eps=1e-5)
            q, k, v = (
                (normed @ w).unflatten(-1, (recipe.n_heads, -1)).transpose(-2, -3)
                for w in (w_q, w_k, w_v)
            )
            scores = q @ k.mT / (math.sqrt(q.shape[-1]) if recipe.root else 1)
            if recipe.positions:
                scores = scores + distance[:, column]
            mixed = scores.masked_fill(hidden, -torch.inf).softmax(-1) @ v
            x = x + mixed.transpose(-2, -3).flatten(-2) @ w_o
        return rms_norm(x, (recipe.d_model,), eps=1e-5) @ w["unembedding"]

    def step(self):
        recipe = self.recipe
        batch = parrot.batch(self.texts, recipe.n_texts, recipe.n_words)
        likely = self.logits(torch.as_tensor(batch.ids)).log_softmax(-1)
        answers = torch.as_tensor(batch.answers)[..., None]
        importance = torch.as_tensor(np.where(batch.settled, 1.0, recipe.unsettled))
        loss = -(likely.gather(-1, answers)[..., 0] * importance).sum() / importance.sum()
        gradients = torch.autograd.grad(loss, self.weights.values(), materialize_grads=True)
        self.steps += 1
        self.update(dict(zip(self.weights, gradients, strict=True)))
        return loss.item()

    @torch.no_grad()
    def update(self, gradients):
        length = math.sqrt(sum(float((g * g).sum()) for g in gradients.values()))
        rate = self.recipe.rate * min(1, self.steps / max(1, self.recipe.warm_up))
        for name, gradient in gradients.items():
            gradient = gradient * min(1, 1 / (length + 1e-6))
            mean, square = self.means[name], self.squares[name]
            mean.mul_(0.9).add_(0.1 * gradient)
            square.mul_(0.98).add_(0.02 * gradient**2)
            mean, square = mean / (1 - 0.9**self.steps), square / (1 - 0.98**self.steps)
            faster = 5 if name.endswith("distance") else 1
            self.weights[name] -= faster * rate * mean / (square.sqrt() + 1e-8)


class TestARun:
    @pytest.mark.parametrize("switches", SWITCHES.values(), ids=SWITCHES)
    def test_takes_the_steps_of_a_plain_loop(self, switches):
        recipe = replace(PLAIN, n_texts=4, seed=3, **switches)
        run, loop = Run(recipe), PlainLoop(recipe)
        for _ in range(30):
            assert run.step() == pytest.approx(loop.step(), rel=0, abs=1e-10)
        found = flat_weights(run.model)
        expected = np.concatenate([w.detach().numpy().ravel() for w in loop.weights.values()])
        if recipe.positions:
            assert np.allclose(found, expected, rtol=0, atol=1e-8)
        assert run.losses[-1] < run.losses[0] - 0.2

    def test_gives_each_step_and_its_loss(self):
        run, by_hand = train(SMALL), Run(SMALL)
        steps = list(run)
        assert [step for step, _ in steps] == [1, 2, 3, 4, 5, 6]
        assert [loss for _, loss in steps] == run.losses == [by_hand.step() for _ in range(6)]
        assert run.step_number == 6 and list(run) == []
        run.step()
        assert run.step_number == len(run.losses) == 7

    def test_comes_from_its_seed_alone(self):
        torch.manual_seed(1)
        first = [loss for _, loss in train(SMALL)]
        torch.manual_seed(2)
        assert [loss for _, loss in train(SMALL)] == first
        assert [loss for _, loss in train(replace(SMALL, seed=2))] != first

    def test_of_the_last_seed_takes_its_texts_from_the_start_of_the_numbers(self):
        run = Run(replace(SMALL, seed=2**32 - 1))
        expected = parrot.batch(parrot.Draws(999), 2, 32)
        logits = run.model(expected.ids).detach()
        importance = torch.as_tensor(np.where(expected.settled, 1.0, 0.1))
        loss = training.loss(logits, torch.as_tensor(expected.answers), importance)
        assert run.step() == pytest.approx(loss.item(), abs=1e-12)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_computes_in_the_dtype_it_was_given(self, dtype):
        run = train(SMALL, dtype=dtype)
        list(run)
        assert run.model.embedding.dtype == run.model.blocks[0].distance.behind.dtype == dtype

    def test_stops_at_a_loss_that_is_not_finite_and_keeps_what_was_sound(self):
        run = train(replace(SMALL, rate=1e200, warm_up=0))
        first = flat_weights(run.model)
        with pytest.raises(
            FloatingPointError, match=r"the loss of step 2 is nan, at a rate of 1e\+200"
        ):
            list(run)
        assert run.step_number == 1
        assert np.array_equal(flat_weights(run.model), first)
        assert math.isfinite(examine(run.model, recipe=SMALL, n_texts=4).loss)


class TestFirstWeights:
    def test_are_the_same_everywhere(self):
        weights = flat_weights(initial_model(PLAIN))
        assert weights.shape == (6776,)
        assert weights[[0, 1055, 1056, -1]] == pytest.approx(
            [0.1270739405881613, 0.20474245, 0.18835742, 0.17577316]
        )
        assert hashlib.sha256(weights.astype("<f8").tobytes()).hexdigest() == (
            "f300b39c9900c6ab2d9697668378ce97c69f4cfc3f41927efb1e3c67f7b7b046"
        )

    def test_are_drawn_tensor_by_tensor(self):
        model, draws = initial_model(PLAIN), parrot.Draws(1)

        def drawn(rows, columns, bound):
            numbers = [(2 * draws() - 1) * bound for _ in range(rows * columns)]
            return torch.tensor(numbers, dtype=torch.float64).view(rows, columns)

        assert torch.equal(model.embedding, drawn(44, 24, 0.5))
        for block in model.blocks:
            found = block.concatenated()
            for w, half in zip(found, (1, 1, 1, 0.5), strict=True):
                assert torch.allclose(w, drawn(24, 24, half * math.sqrt(3 / 24)), atol=1e-15)
            numbers = drawn(4, 7, 2)
            assert torch.equal(block.distance.behind, numbers[:, :5])
            assert torch.equal(block.distance.ahead, numbers[:, [6, 5]])
        assert torch.equal(model.unembedding, drawn(24, 44, 1 / math.sqrt(24)))

    @pytest.mark.parametrize("switches", [{}, {"n_layers": 1}, {"root": False}])
    def test_go_into_one_array_and_back(self, switches):
        recipe = replace(SMALL, **switches)
        weights = np.random.default_rng(0).standard_normal(
            flat_weights(initial_model(recipe)).shape
        )
        model = training.model_of(recipe, weights)
        assert np.array_equal(flat_weights(model), weights)
        ids = parrot.ids("list: fox moon")
        assert torch.equal(model(ids), training.model_of(recipe, flat_weights(model))(ids))

    def test_have_names(self):
        model = initial_model(PLAIN)
        named = training.named_weights(PLAIN, flat_weights(model))
        assert {n: w.shape for n, w in named.items()} == training.weight_shapes(PLAIN)
        w_q = model.blocks[1].w_q.detach().numpy()
        assert np.array_equal(named["blocks.1.w_q"][:, 6:12], w_q[1])
        assert np.array_equal(named["unembedding"], model.unembedding.detach().numpy())

    @pytest.mark.parametrize("made", [training.model_of, training.named_weights])
    def test_that_are_too_few_are_refused(self, made):
        with pytest.raises(ValueError, match=r"weights has shape \(5,\), but .* has 6776 numbers"):
            made(PLAIN, np.zeros(5))


class TestRecipe:
    @pytest.mark.parametrize(
        ("values", "error", "message"),
        [
            ({"seed": 2**32}, ValueError, "seed is 4294967296"),
            ({"seed": -1}, ValueError, "seed is -1"),
            ({"seed": 1.5}, TypeError, "seed is a float"),
            ({"n_words": 20}, ValueError, "n_words is 20, but at least 21"),
            ({"n_layers": 0}, ValueError, "n_layers is 0, but at least 1"),
            ({"n_steps": 0}, ValueError, "n_steps is 0, but at least 1"),
            ({"n_heads": 5}, ValueError, "d_model is 24, but 5 heads need a multiple of 5"),
            ({"rate": 0}, ValueError, "rate is 0 .*above 0"),
            ({"rate": math.inf}, ValueError, "rate is inf"),
            ({"rate": "fast"}, TypeError, "rate is a str"),
            ({"unsettled": 1.1}, ValueError, "unsettled is 1.1, but .* from 0 to 1"),
            ({"mask": 1}, TypeError, "mask is a int, but True or False"),
        ],
    )
    def test_that_no_run_can_have_is_refused(self, values, error, message):
        with pytest.raises(error, match=message):
            Recipe(**values)

    def test_of_21_words_has_a_word_to_copy_in_every_text(self):
        made = parrot.batch(parrot.Draws(1), 3000, 21)
        assert (made.kinds == "copied").any(axis=1).all()
        shorter = parrot.batch(parrot.Draws(1), 3000, 20)
        assert not (shorter.kinds == "copied").any(axis=1).all()

    def test_says_what_a_query_may_see(self):
        assert training.visibility(PLAIN) == {"causal": True, "mask": None}
        seen = training.visibility(replace(PLAIN, mask=False, previous=False), 3)
        assert seen["causal"] is False
        assert seen["mask"].tolist() == [[True] * 3, [False, True, True], [True, False, True]]


class TestLoss:
    def test_is_the_weighted_mean_surprise(self):
        likely = torch.tensor([[[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]])
        answers, weights = torch.tensor([[0, 1]]), torch.tensor([[1.0, 0.1]])
        expected = (math.log(2) + 0.1 * math.log(10)) / 1.1
        assert training.loss(likely.log(), answers, weights).item() == pytest.approx(expected)
        shifted = likely.log() + torch.tensor([[[3.0], [-5.0]]])
        assert training.loss(shifted, answers, weights).item() == pytest.approx(expected)


class TestExam:
    @pytest.mark.parametrize(
        ("switches", "silent"), [({}, ()), ({"previous": False}, [(1, 0)]), ({"mask": False}, ())]
    )
    def test_counts_word_by_word(self, switches, silent):
        recipe = replace(SMALL, **switches)
        run = train(recipe)
        list(run)
        exam = examine(run.model, recipe=recipe, n_texts=6, seed=7, silent=silent)
        draws, visible = parrot.Draws(7), training.visibility(recipe)
        losses, settled, right, before, matching = [], [], {"copied": [], "sense": []}, [], []
        for _ in range(6):
            made = parrot.text(draws, 33)
            ids = parrot.ids(made.words)
            trace = run.model.trace(ids[:-1], **visible, silent=silent)
            likely, weights = trace.logits.detach().softmax(-1), trace.weights.detach().numpy()
            for i, kind in enumerate(made.kinds[1:]):
                losses.append(-math.log(likely[i, ids[i + 1]]))
                if made.settled[i + 1]:
                    settled.append(losses[-1])
                if kind in right:
                    right[kind].append(int(likely[i].argmax()) == ids[i + 1])
                if i:
                    before.append(weights[:, :, i, i - 1])
                if kind == "copied":
                    keys = [j for j in range(1, i + 1) if ids[j - 1] == ids[i]]
                    matching.append(weights[:, :, i, keys].sum(-1))
        assert exam.loss == pytest.approx(np.mean(losses), abs=1e-12)
        assert exam.settled_loss == pytest.approx(np.mean(settled), abs=1e-12)
        assert exam.copying == np.mean(right["copied"]) and exam.sense == np.mean(right["sense"])
        assert np.allclose(exam.previous_word, np.mean(before, axis=0), atol=1e-12)
        assert np.allclose(exam.prefix_matching, np.mean(matching, axis=0), atol=1e-12)

    def test_takes_models_of_numpy(self):
        model = initial_model(SMALL)
        blocks = [
            al.MultiHead(
                *(w.detach().numpy() for w in (block.w_q, block.w_k, block.w_v, block.w_o)),
                distance=al.DistanceBias(
                    *(a.detach().numpy() for a in block.distance.arrays().values())
                ),
            )
            for block in model.blocks
        ]
        ends = [matrix.detach().numpy() for matrix in (model.embedding, model.unembedding)]
        other = al.AttentionOnly(ends[0], blocks, ends[1])
        for recipe in (SMALL, replace(SMALL, previous=False)):
            exams = [examine(each, recipe=recipe, n_texts=4) for each in (model, other)]
            assert exams[0].loss == pytest.approx(exams[1].loss, abs=1e-12)
            assert np.allclose(exams[0].prefix_matching, exams[1].prefix_matching, atol=1e-12)

    def test_changes_nothing(self):
        run = train(SMALL)
        run.step()
        weights = flat_weights(run.model)
        examine(run.model, recipe=SMALL, n_texts=2)
        assert np.array_equal(flat_weights(run.model), weights)
        other = train(SMALL)
        other.step()
        assert run.step() == other.step()


class TestRecording:
    def test_keeps_what_a_figure_shows(self):
        recording = record(SMALL, keep=(0, 2), exam_every=4)
        run = train(SMALL)
        weights = {0: flat_weights(run.model)}
        for step, _ in run:
            weights[step] = flat_weights(run.model)
        assert recording.losses == run.losses
        assert list(recording.weights) == [0, 2, 6] and list(recording.exams) == [0, 4, 6]
        for step, kept in recording.weights.items():
            assert np.array_equal(kept, weights[step])
        assert recording.exams[6].loss == examine(run.model, recipe=SMALL).loss

    def test_can_keep_the_weights_of_some_steps_alone(self):
        recording = record(SMALL, keep=(0, 2, 4), exam_every=6)
        fewer = recording.keeping(2, 6)
        assert list(fewer.weights) == [2, 6] and list(recording.weights) == [0, 2, 4, 6]
        assert fewer.weights[2] is recording.weights[2] and fewer.losses == recording.losses
        with pytest.raises(ValueError, match=r"step 3 were not kept, but those of 0, 2, 4, 6 were"):
            recording.keeping(0, 3)
        with pytest.raises(ValueError, match="exam_every is 0"):
            record(SMALL, exam_every=0)

    def test_has_a_state_for_json(self):
        recording = record(SMALL, keep=(0,), exam_every=3)
        state = json.loads(json.dumps(recording.state(), allow_nan=False))
        assert state["recipe"]["dModel"] == 8 and state["recipe"]["warmUp"] == 20
        assert len(state["recipe"]) == 14
        assert state["losses"] == [round(loss, 6) for loss in recording.losses]
        assert [exam["step"] for exam in state["exams"]] == [0, 3, 6]
        assert set(state["exams"][0]) == {
            *("step", "loss", "settledLoss", "copying", "sense"),
            *("previousWord", "prefixMatching"),
        }
        assert list(state["weights"]) == ["0", "6"]
        numbers = np.frombuffer(base64.b64decode(state["weights"]["6"]), "<f4")
        assert np.array_equal(numbers, recording.weights[6].astype("f4"))
        assert training.model_of(SMALL, numbers).embedding.dtype == torch.float64


@pytest.mark.slow
class TestWhatComesOfIt:
    """The bounds stand far from what was measured."""

    def test_a_model_copies_and_knows_the_sense(self, trained):
        exam = examine(trained)
        best = parrot.bound(parrot.batch(parrot.Draws(99), 96, 32))
        assert exam.copying > 0.9 and exam.sense > 0.9
        assert best.loss < exam.loss < best.loss + 0.6
        assert exam.previous_word[0].max() > 0.4 and exam.prefix_matching[1].max() > 0.5

    def test_a_layer_that_is_silent_ends_it(self, trained):
        for layer in (0, 1):
            silent = [(layer, head) for head in range(4)]
            assert examine(trained, silent=silent).copying < 0.3

    def test_one_layer_does_not_get_it(self):
        run = train(replace(PLAIN, seed=5, n_steps=275, n_layers=1))
        list(run)
        exam = examine(run.model, recipe=run.recipe)
        assert exam.copying < 0.4 and exam.sense > 0.9
