"""Training in the page: the engine equals PyTorch's run, and its worker does what it is told."""

import functools
import re
from dataclasses import asdict

import numpy as np
import pytest
import torch

from attnlib import parrot, training
from attnlib.figures import Training
from attnlib.training import Recipe
from tests.browsers.conftest import noting
from tests.browsers.windows import ChromiumWindow
from tests.figures.driving import document

SCRIPT = Training.script
SEEDS = (0, 1, 1001, 99, parrot.LARGEST_SEED)
RECIPES = {
    "as it is": {},
    "no mask": {"mask": False},
    "no root": {"root": False},
    "no positions": {"positions": False},
    "no previous word": {"previous": False},
    "one layer": {"n_layers": 1},
    "two heads, another seed": {"n_heads": 2, "seed": 4},
    "three odd texts": {"n_words": 21, "n_texts": 3, "d_model": 9, "n_heads": 3, "unsettled": 1.0},
}
GRADIENTS_WITHIN = 1e-12  # of a tensor's largest
LOSSES_WITHIN = 1e-10
EXAMS_WITHIN = 1e-9


def with_script(window, folder):
    """The window with a page from disk that holds the figures' script, and no figure."""
    path = folder / "page.html"
    path.write_text(noting(document(scripts=[SCRIPT])), encoding="utf-8")
    window.open(path.as_uri())
    return window


@pytest.fixture
def page(window, tmp_path):
    """A page of its own for each test."""
    return with_script(window, tmp_path)


class OnOnePage:
    """Tests that ask the script for something, and leave the page as they found it."""

    @pytest.fixture(scope="class")
    @classmethod
    def page(cls, browser_window, tmp_path_factory):
        return with_script(browser_window, tmp_path_factory.mktemp("page"))


def camel(name):
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


def in_page(recipe):
    """A recipe as the page writes it."""
    return {camel(name): value for name, value in asdict(recipe).items()}


def is_chromium(window):
    return isinstance(window, ChromiumWindow)


class TestWorld(OnOnePage):
    @pytest.mark.parametrize("seed", SEEDS)
    def test_ten_thousand_draws_are_the_same(self, page, seed):
        draws = parrot.Draws(seed)
        wanted = [draws() for _ in range(10_000)]
        found = page.run(
            """(seed, n) => {
                const draws = new attnlib.training.Draws(seed);
                return Array.from({ length: n }, () => draws.next());
            }""",
            seed,
            len(wanted),
        )
        assert found == wanted

    @pytest.mark.parametrize("seed", SEEDS)
    def test_two_hundred_texts_are_the_same(self, page, seed):
        draws = parrot.Draws(seed)
        made = [parrot.text(draws, 33) for _ in range(200)]
        wanted = [[list(text.words), list(text.kinds), list(text.clues)] for text in made]
        found = page.run(
            """(seed, n) => {
                const { Draws, text } = attnlib.training;
                const draws = new Draws(seed);
                return Array.from({ length: n }, () => Object.values(text(draws, 33)));
            }""",
            seed,
            len(wanted),
        )
        assert found == wanted

    def test_words_and_their_numbers_are_the_same(self, page):
        words = list(parrot.WORDS)
        assert page.run("() => attnlib.training.WORDS") == words
        found = page.run("(words) => attnlib.training.ids(words)", words[::-1])
        assert found == parrot.ids(words[::-1]).tolist()


# The weights before a step, and the gradient in it.
GRADIENT = """(recipe, nSteps) => {
    const run = attnlib.training.createRun(recipe);
    for (let n = 0; n < nSteps; n++) run.step();
    const weights = Array.from(run.weights());
    const loss = run.step();
    return { weights, loss, gradients: Array.from(run.model.gradients) };
}"""


def gradient(recipe, weights, n_steps):
    """PyTorch's loss and its gradient, laid out as the weights, in the step after `n_steps`."""
    model = training.model_of(recipe, weights)
    draws = parrot.Draws(1000 + recipe.seed)
    for _ in range(n_steps + 1):
        batch = parrot.batch(draws, recipe.n_texts, recipe.n_words)
    logits = model(torch.as_tensor(batch.ids), **training.visibility(recipe))
    importance = torch.as_tensor(np.where(batch.settled, 1.0, recipe.unsettled))
    loss = training.loss(logits, torch.as_tensor(batch.answers), importance)
    loss.backward()
    with torch.no_grad():
        for tensor in leaves(model):
            tensor.copy_(tensor.grad)
    return loss.item(), training.flat_weights(model)


def leaves(model):
    """Every tensor of the model that learns."""
    yield from (model.embedding, model.unembedding)
    for block in model.blocks:
        yield from (block.w_q, block.w_k, block.w_v, block.w_o)
        if block.distance is not None:
            yield from (block.distance.behind, block.distance.ahead)


def by_tensor(recipe, flat):
    shapes = training.weight_shapes(recipe)
    ends = np.cumsum([np.prod(shape) for shape in shapes.values()])
    return dict(zip(shapes, np.split(np.asarray(flat), ends[:-1]), strict=True))


class TestEquality(OnOnePage):
    @pytest.mark.parametrize("n_steps", [0, 3])
    @pytest.mark.parametrize("name", RECIPES)
    def test_gradients_equal_pytorch(self, page, name, n_steps):
        recipe = Recipe(**RECIPES[name])
        found = page.run(GRADIENT, in_page(recipe), n_steps)
        loss, wanted = gradient(recipe, found["weights"], n_steps)
        np.testing.assert_allclose(found["loss"], loss, rtol=1e-13)
        wanted, found = by_tensor(recipe, wanted), by_tensor(recipe, found["gradients"])
        for tensor, values in wanted.items():
            largest = abs(values).max()
            assert largest > 0 or (tensor.endswith("distance") and not recipe.positions)
            off = abs(found[tensor] - values).max()
            assert off <= GRADIENTS_WITHIN * largest, f"{tensor}: off by {off}, of {largest}"

    @pytest.mark.parametrize("name", RECIPES)
    def test_first_weights_are_the_same(self, page, name):
        recipe = Recipe(**(RECIPES[name] | {"positions": True}))
        found = page.run("(r) => Array.from(attnlib.training.initialWeights(r))", in_page(recipe))
        wanted = training.flat_weights(training.initial_model(recipe))
        assert found == wanted.tolist()
        layout = page.run("(r) => attnlib.training.layout(r)", in_page(recipe))
        shapes = {one["name"]: (one["rows"], one["columns"]) for one in layout}
        assert list(shapes.items()) == list(training.weight_shapes(recipe).items())

    @pytest.mark.parametrize("seed", [1, 2])
    def test_losses_equal_pytorch(self, page, seed):
        n_steps = 300 if seed == 1 and is_chromium(page) else 30
        found = page.run(LOSSES, in_page(Recipe(seed=seed)), n_steps)
        np.testing.assert_allclose(found, losses(seed)[:n_steps], rtol=0, atol=LOSSES_WITHIN)

    @pytest.mark.parametrize("silent", [[], [(0, 1), (1, 0)]])
    @pytest.mark.parametrize("name", ["as it is", "no mask", "one layer"])
    def test_exams_equal_attnlib(self, page, name, silent):
        recipe = Recipe(**RECIPES[name])
        silent = [head for head in silent if head[0] < recipe.n_layers]
        n_texts = 96 if is_chromium(page) else 16
        found = page.run(EXAM, in_page(recipe), 30, {"nTexts": n_texts, "silent": silent})
        model = training.model_of(recipe, found["weights"])
        wanted = training.examine(model, recipe, n_texts, silent=silent)
        for mark, value in asdict(wanted).items():
            mine = found["exam"][camel(mark)]
            np.testing.assert_allclose(mine, value, rtol=0, atol=EXAMS_WITHIN, err_msg=mark)

    @pytest.mark.parametrize("name", ["as it is", "no mask", "no previous word", "no positions"])
    def test_what_is_looked_at_equals_attnlib(self, page, name):
        recipe = Recipe(n_words=21, **RECIPES[name])
        text = parrot.text(parrot.Draws(7), recipe.n_words).words
        found = page.run(TRACE, in_page(recipe), list(text), [(1, 2)])
        model = training.model_of(recipe, found["weights"])
        wanted = model.trace(parrot.ids(text), **training.visibility(recipe), silent=[(1, 2)])
        weights = [[head["weights"] for head in layer] for layer in found["heads"]]
        near = functools.partial(np.testing.assert_allclose, rtol=0, atol=1e-12)
        near(weights, wanted.weights.detach())
        near(found["logits"], wanted.logits.detach())
        near(found["probabilities"], wanted.logits.detach().softmax(-1))
        scores = torch.tensor([[head["scores"] for head in layer] for layer in found["heads"]])
        near(scores.double().softmax(-1), wanted.weights.detach(), atol=1e-6)


LOSSES = """(recipe, nSteps) => {
    const run = attnlib.training.createRun(recipe);
    return Array.from({ length: nSteps }, () => run.step());
}"""
EXAM = """(recipe, nSteps, how) => {
    const run = attnlib.training.createRun(recipe);
    for (let n = 0; n < nSteps; n++) run.step();
    const exam = attnlib.training.examine(run.model, how);
    return { weights: Array.from(run.weights()), exam };
}"""
TRACE = """(recipe, words, silent) => {
    const { createRun, ids, trace } = attnlib.training;
    const run = createRun(recipe);
    for (let n = 0; n < 20; n++) run.step();
    const looked = trace(run.recipe, run.weights(), ids(words), silent);
    return { weights: Array.from(run.weights()), ...looked };
}"""


@functools.cache
def losses(seed):
    """PyTorch's, as many as any test asks for."""
    return [loss for _, loss in training.train(Recipe(seed=seed, n_steps=300 if seed == 1 else 30))]


# A trainer whose reports and rests are noted in `heard`, and its losses by step in `losses`.
EMPLOY = """() => {
    window.heard = [];
    window.losses = [];
    const note = (type) => ({ weights, exams, ...told }) => {
        heard.push({ type, exams: exams?.map((exam) => exam.step), ...told });
        if (weights) window.weights = Array.from(weights);
        const [from, ...more] = told.losses ?? [0];
        losses.splice(from, more.length, ...more);
    };
    window.trainer = attnlib.training.createTrainer({
        onReport: note("report"), onRest: note("rest"),
    });
}"""
# The worker is asked past the trainer: its answer comes after all that it heard before.
ASK = """(name) => {
    const { worker } = trainer;
    const hear = ({ data }) => {
        if (data.type !== "rest") return;
        worker.removeEventListener("message", hear);
        window.answered = name;
    };
    worker.addEventListener("message", hear);
    worker.postMessage({ type: "pause" });
}"""
# The tab is hidden, or seen again, as far as the page knows.
HIDE = """(isHidden) => {
    Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
SHORT = {"nSteps": 60, "nTexts": 4}
TOO_FAST = 1e102  # its losses are no numbers from the 47th or 48th step on
SPOILS = 1e154  # the second step has a finite loss, and its weights have none


class Training:
    """A trainer in the page of a window, and what it has told."""

    def __init__(self, window):
        self.window = window
        window.run(EMPLOY)

    def __getattr__(self, name):
        """What is told to the trainer: `start(recipe)`, `go()`, `back(step)` and so on."""
        return lambda *values: self.window.run(f"(...values) => trainer.{name}(...values)", *values)

    def heard(self, kind):
        return self.window.run("(kind) => heard.filter((one) => one.type === kind)", kind)

    def rest(self, n):
        """The nth rest, from 1, when it comes."""
        self.window.until("(n) => heard.filter(({ type }) => type === 'rest').length >= n", n)
        rests = self.heard("rest")
        assert len(rests) >= n, f"it never rested: {self.heard('report')[-1:]}"
        return rests[n - 1]

    def begin(self, recipe, until=None):
        """Starts and goes on before it could rest."""
        begin = "(recipe, until) => { trainer.start(recipe); trainer.go(until ?? undefined) }"
        self.window.run(begin, recipe, until)

    def reach(self, step):
        """Waits for a report of `step` or a later one."""
        assert self.window.until("(step) => heard.some((one) => one.step >= step)", step)

    def answer(self, name):
        """Waits until the worker, which rests, has heard what was told before."""
        self.window.run(ASK, name)
        assert self.window.until("(name) => window.answered === name", name)

    def losses(self):
        return self.window.run("() => losses")

    def weights(self):
        return self.window.run("() => weights")


@pytest.fixture
def trainer(page):
    yield Training(page)
    page.run("() => trainer.end()")
    assert page.run("() => noted") == []


def undisturbed(page, recipe, n_steps):
    return page.run(LOSSES, recipe, n_steps)


class TestWorker:
    def test_it_trains_to_the_end_and_tells_all(self, page, trainer):
        trainer.begin(SHORT)
        rest = trainer.rest(1)
        assert (rest["why"], rest["step"]) == ("done", 60)
        assert trainer.losses() == undisturbed(page, SHORT, 60)
        reports = trainer.heard("report")
        assert [step for report in reports for step in report["exams"]] == [0, 25, 50, 60]
        assert [report["step"] for report in reports] == sorted(r["step"] for r in reports)
        final = page.run(EXAM, SHORT, 60, {"nTexts": 1})["weights"]
        assert trainer.weights() == final

    def test_single_steps_and_back_and_on_give_the_same_to_the_last_bit(self, page, trainer):
        trainer.start(SHORT | {"nSteps": 100_000})
        assert trainer.rest(1)["step"] == 0
        trainer.go(1)
        assert trainer.rest(2) | {"why": "done", "step": 1} == trainer.rest(2)
        trainer.go()
        trainer.reach(27)
        trainer.pause()
        assert trainer.rest(3)["why"] == "paused"
        trainer.back(49)
        assert trainer.rest(4)["step"] == 25
        page.run("() => losses.length = 25")
        trainer.go(60)
        assert trainer.rest(5)["step"] == 60
        assert trainer.losses() == undisturbed(page, SHORT, 60)

    def test_it_goes_to_a_step_which_is_kept_and_on(self, page, trainer):
        trainer.begin(SHORT, 31)
        assert trainer.rest(1)["step"] == 31
        trainer.go(40)
        assert trainer.rest(2)["step"] == 40
        trainer.back(39)
        assert trainer.rest(3)["step"] == 31
        page.run("() => losses.length = 31")
        trainer.go()
        assert trainer.rest(4)["why"] == "done"
        assert trainer.losses() == undisturbed(page, SHORT, 60)

    def test_another_start_ends_the_run_before(self, page, trainer):
        trainer.begin(SHORT | {"nSteps": 100_000})  # a short one may rest before it is ended
        trainer.reach(1)
        other = SHORT | {"seed": 5, "nSteps": 20}
        page.run("() => (heard.length = losses.length = 0)")
        trainer.begin(other)
        assert trainer.rest(1) | {"why": "done", "step": 20} == trainer.rest(1)
        # A last report of the run before may still have been on its way.
        steps = [report["step"] for report in trainer.heard("report")]
        steps = steps[steps.index(0) :]
        assert steps == sorted(steps) and steps[-1] == 20
        assert trainer.losses()[:20] == undisturbed(page, other, 20)

    def test_a_hidden_tab_pauses_and_goes_on(self, page, trainer):
        trainer.begin(SHORT | {"nSteps": 100_000})
        trainer.reach(1)
        page.run(HIDE, True)
        trainer.answer("it has heard of it")
        before = trainer.heard("report")[-1]["step"]
        for n in range(4):  # between two of them a slice would be trained
            trainer.answer(f"still hidden {n}")
        assert trainer.heard("report")[-1]["step"] == before
        assert trainer.heard("rest") == []
        page.run(HIDE, False)
        trainer.reach(before + 1)
        trainer.pause()
        assert trainer.rest(1)["why"] == "paused"

    def test_what_rests_in_a_hidden_tab_rests_when_it_is_seen(self, page, trainer):
        trainer.start(SHORT)
        trainer.rest(1)
        page.run(HIDE, True)
        page.run(HIDE, False)
        for n in range(4):
            trainer.answer(f"at rest {n}")
        assert [report["step"] for report in trainer.heard("report")] == [0]

    def test_no_finite_loss_stops_at_the_last_good_step(self, page, trainer):
        recipe = SHORT | {"rate": TOO_FAST}
        trainer.begin(recipe)
        rest = trainer.rest(1)
        assert (rest["why"], rest["step"]) == ("stopped", 25)
        # On a slow machine the page has time to look at the weights before the next step does.
        assert re.match(r"The loss (of|after) step 4\d is NaN, ", rest["message"])
        assert "at a rate of 1e+102: start again with a smaller rate" in rest["message"]
        assert "weights are those after step 25" in rest["message"]
        assert trainer.weights() == page.run(EXAM, recipe, 25, {"nTexts": 1})["weights"]
        trainer.begin(SHORT)
        assert trainer.rest(2)["why"] == "done"
        assert trainer.losses() == undisturbed(page, SHORT, 60)

    def test_weights_that_give_no_finite_loss_are_never_told(self, page, trainer):
        trainer.begin(SHORT | {"rate": SPOILS}, 2)
        rest = trainer.rest(1)
        assert (rest["why"], rest["step"]) == ("stopped", 0)
        assert "The loss after step 2 is NaN, at a rate of 1e+154" in rest["message"]
        told = [report["step"] for report in trainer.heard("report")]
        assert (told[0], told[-1]) == (0, 0) and 2 not in told  # step 1 may be told on the way
        assert trainer.weights() == page.run(EXAM, SHORT, 0, {"nTexts": 1})["weights"]

    def test_the_end_is_the_end(self, page, trainer):
        trainer.begin(SHORT)
        trainer.reach(1)
        told = page.run("() => { trainer.end(); return heard.length }")
        page.run(HIDE, True)
        page.run(HIDE, False)
        page.run("() => new Promise((done) => setTimeout(done, 400))")
        assert page.run("() => heard.length") == told

    def test_a_worker_that_is_not_needed_is_ended(self, page):
        page.run("""() => {
            window.ended = 0;
            window.Worker = class extends Worker {
                terminate() {
                    ended++;
                    super.terminate();
                }
            };
        }""")
        trainer = Training(page)
        for wanted in (0, 1):
            trainer.start(SHORT)
            assert page.run("() => ended") == wanted
        trainer.end()
        assert page.run("() => ended") == 2


class TestNoWorker:
    def told(self, page):
        page.run(EMPLOY)
        page.run("(recipe) => { trainer.start(recipe); trainer.go() }", SHORT)
        assert page.until("() => heard.length > 0")
        assert page.run("() => attnlib.training.canTrain()") is False
        rests = page.run("() => heard")
        assert {rest["why"] for rest in rests} == {"impossible"}
        assert "cannot train" in rests[0]["message"]

    @pytest.mark.parametrize("name", ["Worker", "Blob"])
    def test_a_browser_without_them(self, page, name):
        assert page.run("() => attnlib.training.canTrain()") is True
        page.run("(name) => { window[name] = undefined }", name)
        self.told(page)

    def test_a_browser_that_makes_none(self, page):
        page.run("() => { window.Worker = class { constructor() { throw Error('no') } } }")
        self.told(page)

    def test_a_page_that_allows_none(self, window, tmp_path):
        policy = '<meta http-equiv="Content-Security-Policy" content="worker-src \'none\'">'
        path = tmp_path / "page.html"
        path.write_text(
            document(scripts=[SCRIPT]).replace("<head>", f"<head>{policy}"), encoding="utf-8"
        )
        window.open(path.as_uri())
        self.told(window)
