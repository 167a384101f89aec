"""Two exercises of the chapter "Reading heads": chosen heads, and how to judge them fairly."""

from dataclasses import dataclass

import numpy as np

from attnlib.exercises import functions
from attnlib.exercises.checking import Diagnosis
from attnlib.exercises.drawing import Drawing, matrix, number
from attnlib.exercises.functions import ArrayResult, Case, FunctionExercise, mistake
from attnlib.exercises.trained_heads import heads_of, in_number
from attnlib.exercises.training import words

SEED = 14


# --- fair-control: what other heads cost


@dataclass(frozen=True)
class ThreeNumbers(ArrayResult):
    """Three numbers with a name each."""

    def wanted(self, expected):
        return f"three numbers: {self.shape}"

    def message(self, facts):
        return "Your {column} is {returned}, not {expected}.".format(**facts)


def of_costs(change):
    """`change(cost of the chosen, costs of the draws)`."""

    def given(loss, chosen, draws):
        whole = loss([])
        return change(loss(chosen) - whole, np.array([loss(heads) - whole for heads in draws]))

    return given


@of_costs
def fair_control(cost, costs):
    return np.array([cost, costs.mean(), (costs >= cost).mean()])


def of_losses(change):
    """`change(loss without the chosen, losses without the draws, whole loss)`."""
    return lambda loss, chosen, draws: change(
        loss(chosen), np.array([loss(heads) for heads in draws]), loss([])
    )


def one_by_one(loss, heads):
    """What heads cost when each is silenced alone, added up."""
    return sum(loss([head]) - loss([]) for head in heads)


def together(draws):
    return [head for heads in draws for head in heads]


N_LAYERS, N_HEADS = 3, 4


def model_that_loses(whole, alone, pairs):
    """`loss`: `whole`, and what each silent head and each silent pair of heads add.

    The parts are quarters, so that equal losses are equal to the last bit, however added.
    """

    def loss(heads):
        silent = heads_of("heads", heads, N_LAYERS, N_HEADS)
        costs = [cost for head, cost in alone.items() if head in silent]
        costs += [cost for pair, cost in pairs.items() if silent >= set(pair)]
        return whole + sum(costs)

    return loss


def listed_heads(heads):
    return ", ".join(f"{layer}.{head}" for layer, head in heads)


def control_case(whole, alone, chosen, draws, pairs=None):
    loss = model_that_loses(whole, alone, pairs or {})
    of_draws = [loss(heads) for heads in draws]
    rows = ("none", "chosen", *(f"draw {i}" for i in range(len(draws))))
    silent = ("", listed_heads(chosen), *map(listed_heads, draws))
    numbers = (number(each) for each in (whole, loss(chosen), *of_draws))
    cells = tuple(zip(silent, numbers, strict=True))
    drawn = Drawing("loss, by the heads that are silenced", rows, ("heads", "loss"), cells)
    facts = {
        "whole": number(whole),
        "left": number(loss(chosen)),
        "cost": number(loss(chosen) - whole),
        "first": number(of_draws[0]),
        "first_cost": number(of_draws[0] - whole),
        "n_draws": str(len(draws)),
        "as_much": str(sum(each >= loss(chosen) for each in of_draws)),
    }
    names = "cost of the chosen", "mean cost of the draws", "share of the draws"
    return Case((loss, chosen, draws), ("result",), names, (drawn,), facts)


def random_control(rng, n_heads, n_draws):
    """Heads that cost a few quarters each, some less than nothing, and pairs that cost more."""
    heads = [(layer, head) for layer in range(N_LAYERS) for head in range(N_HEADS)]
    alone = {head: float(rng.integers(-2, 7)) / 4 for head in heads}
    pairs = {(heads[i], heads[j]): 0.5 for i, j in rng.integers(0, len(heads), (12, 2)) if i != j}
    lists = [[heads[i] for i in rng.permutation(len(heads))[:n_heads]] for _ in range(n_draws + 1)]
    return control_case(float(rng.integers(4, 12)) / 4, alone, lists[0], lists[1:], pairs)


def control_cases():
    alone = {(0, 1): 0.25, (1, 0): 0.5, (1, 2): 0.75, (2, 0): 0.5, (2, 3): -0.25, (0, 3): 1.0}
    draws = [[(0, 1), (2, 3)], [(0, 3), (1, 2)], [(1, 0), (0, 0)], [(2, 2), (0, 3)]]
    stand_in = {((1, 1), (2, 2)): 2.0}  # each of the two does what the other did
    no_loss = {(0, 0): -0.5, (0, 1): -0.75, (1, 1): 0.0, (2, 1): -0.5}
    rng = np.random.default_rng(SEED)
    return [
        control_case(1.5, alone, [(1, 2), (2, 0)], draws, {((1, 2), (2, 0)): 0.5}),
        control_case(2.0, alone, [(1, 2)], [[(0, 1)], [(0, 3)], [(2, 3)]]),
        control_case(1.0, alone, [(1, 1), (2, 2)], draws, stand_in),
        control_case(0.5, alone, [(1, 0)], [[(2, 0)], [(0, 1)], [(2, 0)], [(1, 3)], [(0, 3)]]),
        control_case(3.0, no_loss, [(0, 0)], [[(0, 1)], [(2, 1)], [(1, 1)]]),
        control_case(1.25, alone, [(0, 3)], [[(1, 2)]]),
        *(random_control(rng, n_heads, n_draws) for n_heads, n_draws in ((3, 6), (2, 5), (4, 6))),
    ]


def control_mistake(id, ways, hint, stronger):
    """A mistake in some of the three numbers: `ways`, by number, are what it makes of them."""
    found = [
        mistake(id, way, hint, stronger, agree=in_number(which, 3)) for which, way in ways.items()
    ]
    return Diagnosis(id, hint, stronger, lambda attempt: any(each.fits(attempt) for each in found))


def reordered(*order):
    return lambda *inputs: fair_control(*inputs)[list(order)]


CONTROL_MISTAKES = (
    mistake(
        "reordered",
        tuple(
            reordered(*order) for order in ((0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
        ),
        "Your three numbers are right, in another order.",
        "First what the chosen cost, then the mean of what the draws cost, then the share.",
    ),
    control_mistake(
        "loss-not-rise",
        {
            0: of_losses(lambda loss, losses, whole: loss),
            1: of_losses(lambda loss, losses, whole: losses.mean()),
        },
        "You give the loss itself, and not how much it rises. With nothing silenced it is {whole} "
        "already.",
        "The loss with the chosen silenced is {left}, and `loss([])` is {whole}: the chosen cost "
        "{cost}.",
    ),
    control_mistake(
        "sign",
        {
            0: of_costs(lambda cost, costs: -cost),
            1: of_costs(lambda cost, costs: -costs.mean()),
        },
        "You subtract the other way round. Silencing costs something where the loss *rises*.",
        "Without the chosen the loss is {left}, with nothing silenced {whole}: the cost is {cost}.",
    ),
    control_mistake(
        "no-sign",
        {
            0: (
                of_costs(lambda cost, costs: abs(cost)),
                of_costs(lambda cost, costs: max(cost, 0.0)),
            ),
            1: (
                of_costs(lambda cost, costs: np.abs(costs).mean()),
                of_costs(lambda cost, costs: np.maximum(costs, 0.0).mean()),
            ),
        },
        "You count no cost below 0. A model can be better without some heads: then they cost less "
        "than nothing.",
        "With nothing silenced the loss is {whole}. The chosen cost {cost}, and draw 0 costs "
        "{first_cost}.",
    ),
    control_mistake(
        "ratio",
        {
            0: (
                of_losses(lambda loss, losses, whole: loss / whole),
                of_losses(lambda loss, losses, whole: (loss - whole) / whole),
            ),
            1: (
                of_losses(lambda loss, losses, whole: losses.mean() / whole),
                of_losses(lambda loss, losses, whole: (losses.mean() - whole) / whole),
            ),
        },
        "You divide by the loss with nothing silenced. A cost is a difference.",
        "The loss with the chosen silenced is {left}, and {whole} with nothing silenced: the cost "
        "is {cost}.",
    ),
    control_mistake(
        "one-by-one",
        {
            0: (
                lambda loss, chosen, draws: one_by_one(loss, chosen),
                lambda loss, chosen, draws: one_by_one(loss, chosen) / len(chosen),
                lambda loss, chosen, draws: max(one_by_one(loss, [head]) for head in chosen),
                lambda loss, chosen, draws: one_by_one(loss, chosen[:1]),
            ),
            1: (
                lambda loss, chosen, draws: np.mean([one_by_one(loss, each) for each in draws]),
                lambda loss, chosen, draws: (
                    one_by_one(loss, together(draws)) / sum(map(len, draws))
                ),
            ),
        },
        "You silence heads one at a time. Two heads can stand in for each other: a list is "
        "silenced as a whole.",
        "One call of `loss` for each list, with the whole list.",
    ),
    control_mistake(
        "draws-together",
        {
            1: (
                lambda loss, chosen, draws: loss(draws),
                lambda loss, chosen, draws: loss(together(draws)) - loss([]),
                lambda loss, chosen, draws: loss(together(draws)),
                lambda loss, chosen, draws: (loss(together(draws)) - loss([])) / len(draws),
            )
        },
        "You silence the heads of all draws at once. Each draw is silenced by itself, as the "
        "chosen are.",
        "Call `loss` for each of the draws: {n_draws} here.",
    ),
    control_mistake(
        "with-the-chosen",
        {
            1: (
                lambda loss, chosen, draws: np.mean([loss(chosen + d) for d in draws]) - loss([]),
                lambda loss, chosen, draws: (
                    np.mean([loss(chosen + d) for d in draws]) - loss(chosen)
                ),
            )
        },
        "The chosen stay silent while you silence the draws. In a control they sound again.",
        "For draw 0 the list holds the heads of draw 0 and no others: then the loss is {first}.",
    ),
    control_mistake(
        "one-draw",
        {1: (of_costs(lambda cost, costs: costs[0]), of_costs(lambda cost, costs: costs[-1]))},
        "You take one draw alone. It may be a lucky one: that is why there can be several.",
        "Here the number of draws is {n_draws}. Each has a cost; the mean of all is asked for.",
    ),
    control_mistake(
        "one-of-the-costs",
        {
            1: (
                of_costs(lambda cost, costs: costs.max()),
                of_costs(lambda cost, costs: costs.min()),
                of_costs(lambda cost, costs: np.median(costs)),
            )
        },
        "You pick the largest, the smallest or the middle one of the costs of the draws. Their "
        "mean is asked for.",
        "Add up the costs of all draws and divide by how many there are: {n_draws} here.",
    ),
    control_mistake(
        "summed",
        {1: of_costs(lambda cost, costs: costs.sum())},
        "You add up what the draws cost. More draws would cost more then; their mean is asked for.",
        "Divide by the number of draws: {n_draws} here.",
    ),
    control_mistake(
        "against-each-other",
        {
            0: (
                of_costs(lambda cost, costs: cost - costs.mean()),
                of_costs(lambda cost, costs: cost - costs.max()),
                of_losses(lambda loss, losses, whole: loss - losses[0]),
            ),
            1: (
                of_costs(lambda cost, costs: costs.mean() - cost),
                of_costs(lambda cost, costs: cost - costs.mean()),
                of_costs(lambda cost, costs: costs.mean() / cost),
            ),
        },
        "You measure the chosen from the draws, or the draws from the chosen. Both are measured "
        "from the loss with nothing silenced.",
        "That is {whole}. The chosen have a loss of {left} and cost {cost}; draw 0 has a loss of "
        "{first} and costs {first_cost}.",
    ),
    control_mistake(
        "chosen-among-the-draws",
        {
            1: of_costs(lambda cost, costs: np.mean([cost, *costs])),
            2: of_costs(lambda cost, costs: (1 + (costs >= cost).sum()) / (1 + len(costs))),
        },
        "You count the chosen as one of the draws. They are what the draws are compared with.",
        "Divide by the number of draws alone, {n_draws} here. Of these {as_much} cost at least "
        "{cost}.",
    ),
    control_mistake(
        "more-than-the-chosen",
        {2: of_costs(lambda cost, costs: (costs > cost).mean())},
        "You leave out draws that cost exactly as much as the chosen. *At least as much* counts "
        "them.",
        "The chosen cost {cost}. Of {n_draws} draws {as_much} cost that or more.",
    ),
    control_mistake(
        "those-that-cost-less",
        {
            2: (
                of_costs(lambda cost, costs: (costs < cost).mean()),
                of_costs(lambda cost, costs: (costs <= cost).mean()),
            )
        },
        "You give the share of the draws that cost less. Those that cost at least as much are "
        "asked for: a small share speaks for the chosen.",
        "The chosen cost {cost}. Of {n_draws} draws {as_much} cost that or more.",
    ),
    control_mistake(
        "not-a-share",
        {
            2: (
                of_costs(lambda cost, costs: (costs >= cost).sum()),
                of_costs(lambda cost, costs: 100 * (costs >= cost).mean()),
            )
        },
        "You give a number of draws, or percent. A share lies between 0 and 1.",
        "The chosen cost {cost}. Of {n_draws} draws {as_much} cost that or more.",
    ),
    control_mistake(
        "one-comparison",
        {
            2: (
                of_costs(lambda cost, costs: costs.mean() >= cost),
                of_costs(lambda cost, costs: cost >= costs.mean()),
                of_costs(lambda cost, costs: costs.max() >= cost),
                of_costs(lambda cost, costs: costs[0] >= cost),
            )
        },
        "You make one comparison, which is true or false. Every draw is compared with the chosen.",
        "The chosen cost {cost}. Of {n_draws} draws {as_much} cost that or more.",
    ),
    control_mistake(
        "loss-against-rise",
        {
            2: (
                of_losses(lambda loss, losses, whole: (losses >= loss - whole).mean()),
                of_losses(lambda loss, losses, whole: (losses - whole >= loss).mean()),
                of_losses(lambda loss, losses, whole: (losses >= whole).mean()),
            )
        },
        "For the share you compare the draws with another thing than what the chosen cost. Compare "
        "two costs, or two losses.",
        "The chosen cost {cost}, and draw 0 costs {first_cost}. Of {n_draws} draws {as_much} cost "
        "as much as the chosen or more.",
    ),
)
CONTROL_FALLBACK = Diagnosis(
    "unrecognised",
    "Your {column} is {returned}, and {expected} is expected. Work it out from the losses drawn "
    "above: with nothing silenced it is {whole}.",
    "The chosen cost {cost}, and draw 0 costs {first_cost}. Write down the cost of every draw: "
    "their mean is the second number, and {as_much} of {n_draws} are at least {cost}.",
    lambda attempt: True,
)

CONTROL = FunctionExercise(
    id="fair-control",
    title="A fair control",
    stars=2,
    minutes=10,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *CONTROL_MISTAKES,
        *functions.OF_FORM,
        CONTROL_FALLBACK,
    ),
    parameters=("loss", "chosen", "draws"),
    cases=control_cases,
    reference=fair_control,
    result=ThreeNumbers("what the chosen cost, what the draws cost on average, and a share"),
)


# --- held-out-head: chosen on one half, judged on the other


def to_the_right(weights, right):
    """What each head gives to each sentence's right word, `(n_sentences, n_layers, n_heads)`."""
    return weights[np.arange(len(weights)), :, :, right]


def largest(scores):
    """The place `(layer, head)` of the largest of `scores`, `(n_layers, n_heads)`."""
    return np.unravel_index(np.argmax(scores), scores.shape)


def mean_of(scores):
    return scores.mean(axis=0)


def all_of(n):
    return slice(None)


def first_of(n):
    return slice(0, n // 2)


def second_of(n):
    return slice(n // 2, n)


def even_of(n):
    return slice(0, n, 2)


def odd_of(n):
    return slice(1, n, 2)


def judged(chosen, judged, given=to_the_right, shown=to_the_right, over=mean_of, choose=largest):
    """`(layer, head, score)`: `choose` by `over` of what is `given` on some sentences.

    The score is the mean of what is `shown` on others. `chosen` and `judged` make the slice of
    sentences from their number.
    """

    def found(weights, right):
        n = len(weights)
        at = choose(over(given(weights, right)[chosen(n)]))
        return np.array([*at, shown(weights, right)[judged(n)].mean(axis=0)[at]], dtype=float)

    return found


held_out = judged(first_of, second_of)


def always(given):
    """One measure to choose by and to judge by."""
    return judged(first_of, second_of, given, given)


def counted(weights, right):
    """Whether each head gives most to the right word."""
    return (weights.argmax(axis=-1) == np.array(right)[:, None, None]).astype(float)


def half_by_half(weights, right):
    """The places of all sentences of a half, in each of its sentences."""
    halves = np.split(np.asarray(right), 2)
    parts = zip(np.split(weights, 2), halves, strict=True)
    return np.concatenate([part[..., places].mean(axis=-1) for part, places in parts])


def first_places(weights, right):
    """The right places of the first half, in the second half too."""
    half = right[: len(right) // 2]
    return to_the_right(weights, half + half)


def of_held_out(change):
    return lambda weights, right: change(held_out(weights, right), weights.shape[1:3])


def best_score(weights, right):
    """The head of the first half, with the best score that any head has in the second."""
    judged_by = to_the_right(weights, right)[second_of(len(right))].mean(axis=0)
    return np.array([*held_out(weights, right)[:2], judged_by.max()])


def layer_and_head_apart(scores):
    return scores.mean(axis=1).argmax(), scores.mean(axis=0).argmax()


def layer_first(scores):
    layer = scores.mean(axis=1).argmax()
    return layer, scores[layer].argmax()


def named(result):
    layer, head, score = result
    return f"head {layer:g}.{head:g} and the score {number(score, 3)}"


@dataclass(frozen=True)
class ChosenResult(ThreeNumbers):
    """A head and its score."""

    def facts(self, case, result, expected):
        facts = super().facts(case, result, expected)
        if result is None or result.shape != expected.shape:
            return facts
        return facts | {"returned": named(result), "expected": named(expected)}

    def message(self, facts):
        return "You return {returned}. Expected is {expected}.".format(**facts)

    def draw(self, case, result, expected):
        return ()


def held_out_case(weights, right):
    n_sentences, n_layers, n_heads, n = weights.shape
    heads = tuple(f"{layer}.{head}" for layer in range(n_layers) for head in range(n_heads))
    sentences = tuple(f"sentence {i}, word {place}" for i, place in enumerate(right))
    each = to_the_right(weights, right)
    drawn = (
        matrix("input weights, of sentence 0", weights[0].reshape(-1, n), heads, words(n)),
        matrix("the right word's weight", each.reshape(n_sentences, -1), sentences, heads),
    )
    at, on_second = largest(each[first_of(n_sentences)].mean(0)), each[second_of(n_sentences)]
    facts = {
        "at": f"{at[0]}.{at[1]}",
        "first": number(each[first_of(n_sentences)].mean(axis=0)[at], 3),
        "second": number(on_second.mean(axis=0)[at], 3),
        "half": str(n_sentences // 2),
        "last": str(n_sentences - 1),
        "place": str(right[0]),
        "n_layers": str(n_layers),
        "n_heads": str(n_heads),
    }
    return Case((weights, right), ("result",), ("layer", "head", "score"), drawn, facts)


def held_out_cases():
    rng = np.random.default_rng(SEED)
    sizes = ((4, 2, 3, 4), (4, 3, 2, 3), (6, 2, 4, 5), (8, 3, 3, 4), (4, 4, 2, 6), (10, 2, 5, 3))
    return [
        held_out_case(
            rng.dirichlet(np.full(size[-1], 0.8), size[:-1]),
            rng.integers(0, size[-1], size[0]).tolist(),
        )
        for size in sizes
    ]


HELD_OUT_MISTAKES = (
    mistake(
        "exchanged",
        of_held_out(lambda found, shape: found[[1, 0, 2]]),
        "Layer and head have changed places. The layer comes first.",
        "There are {n_layers} layers of {n_heads} heads. Axis 1 of `weights` is the layer.",
    ),
    mistake(
        "from-one",
        of_held_out(lambda found, shape: found + np.array([1, 1, 0])),
        "You count layers and heads from 1. They are counted from 0.",
        "Of {n_layers} layers the last has a number one less than {n_layers}; so do heads.",
    ),
    mistake(
        "numbered",
        (
            of_held_out(lambda found, shape: found[:2] @ [shape[1], 1]),
            of_held_out(lambda found, shape: np.array([found[:2] @ [shape[1], 1], found[2]])),
            of_held_out(
                lambda found, shape: np.array(
                    [*divmod(found[:2] @ [shape[1], 1], shape[0]), found[2]]
                )
            ),
        ),
        "`argmax` numbers the heads through, from the first layer to the last. Make a layer and a "
        "head of its number.",
        "There are {n_heads} heads in a layer: a division by {n_heads} tells the layer, and its "
        "remainder the head. Look for `np.unravel_index`, too.",
    ),
    mistake(
        "chosen-on-all",
        (judged(all_of, second_of), judged(all_of, all_of), judged(all_of, first_of)),
        "You choose on all sentences. Those that judge the head must have no say in the choice: "
        "else the luck that chose it raises its score, too.",
        "Choose on the first {half} sentences alone. There head {at} gives {first}.",
    ),
    mistake(
        "judged-on-the-first-half",
        judged(first_of, first_of),
        "Your head is right, and its score is the one that it was chosen by. Of many heads the "
        "best one was lucky, too: its score on other sentences is asked for.",
        "Take the same head's mean over the other {half} sentences.",
    ),
    mistake(
        "judged-on-all",
        judged(first_of, all_of),
        "Your head is right, and its score is a mean over all sentences. Half of them chose it.",
        "Take the mean over the last {half} sentences alone.",
    ),
    mistake(
        "best-on-the-second-half",
        (judged(second_of, second_of), best_score),
        "You look for the best head on the second half. The second half judges the head that the "
        "first one chose, and chooses nothing.",
        "On the first {half} sentences head {at} gives most, {first}. What does *it* give on the "
        "others?",
    ),
    mistake(
        "halves-exchanged",
        judged(second_of, first_of),
        "You choose on the second half and judge on the first.",
        "Choose on the first {half} sentences. There head {at} gives {first}.",
    ),
    mistake(
        "every-other-sentence",
        (judged(even_of, odd_of), judged(odd_of, even_of)),
        "You take every other sentence. That halves them as well, and here the first half is "
        "asked for.",
        "The first {half} sentences choose, the others judge.",
    ),
    mistake(
        "few-sentences",
        (
            judged(lambda n: slice(0, 1), second_of),
            judged(lambda n: slice(0, 1), lambda n: slice(1, 2)),
            judged(first_of, lambda n: slice(n - 1, n)),
            judged(first_of, lambda n: slice(n // 2, n // 2 + 1)),
        ),
        "You look at one sentence of a half. One sentence says little about a head; the mean is "
        "over the half.",
        "Each half has {half} sentences here.",
    ),
    mistake(
        "another-half",
        (
            judged(first_of, lambda n: slice(n // 2 + 1, n)),
            judged(lambda n: slice(0, n // 2 + 1), second_of),
            judged(lambda n: slice(0, n // 2 + 1), lambda n: slice(n // 2 + 1, n)),
        ),
        "Your halves are not equal: a sentence is missing, or belongs to both.",
        "The first half are sentences 0 to {half}, without {half} itself; {half} to {last} are the "
        "second.",
    ),
    mistake(
        "other-places",
        (
            always(first_places),
            always(lambda weights, right: weights[..., right[0]]),
            always(lambda weights, right: weights[..., right].mean(axis=-1)),
            always(half_by_half),
        ),
        "You take the weight on another place than the right word's. Each sentence has a place of "
        "its own, in the first half and in the second.",
        "In sentence 0 it is word {place}. The places of the second half are the second half of "
        "`right`.",
    ),
    mistake(
        "whatever-word",
        (
            always(lambda weights, right: weights.max(axis=-1)),
            judged(first_of, second_of, lambda weights, right: weights.max(axis=-1)),
            judged(first_of, second_of, shown=lambda weights, right: weights.max(axis=-1)),
        ),
        "You take the largest weight of each row, whatever word it is on. A head that is sure of "
        "a wrong word is not the one that you look for.",
        "In sentence 0 word {place} is right. How much does each head give to it?",
    ),
    mistake(
        "counted",
        (
            always(counted),
            judged(first_of, second_of, counted),
            judged(first_of, second_of, shown=counted),
        ),
        "You count the sentences in which the right word has the largest weight. The mean of the "
        "weights themselves is asked for.",
        "A weight of 0.4 on the right word counts 0.4, whether or not it is the largest.",
    ),
    mistake(
        "not-the-mean",
        (
            judged(first_of, second_of, over=lambda scores: scores.max(axis=0)),
            judged(first_of, second_of, over=lambda scores: scores.min(axis=0)),
            judged(first_of, second_of, over=lambda scores: np.median(scores, axis=0)),
        ),
        "You choose by one sentence: the best, the worst or the middle one. The head that gives "
        "most *on average* is asked for.",
        "Head {at} gives {first} on average over the first {half} sentences, and no other as much.",
    ),
    mistake(
        "summed",
        lambda weights, right: held_out(weights, right) * [1, 1, len(right) // 2],
        "Your score is a sum over sentences. Their mean is asked for.",
        "The second half has {half} sentences here.",
    ),
    mistake(
        "layer-and-head-apart",
        (
            judged(first_of, second_of, choose=layer_and_head_apart),
            judged(first_of, second_of, choose=layer_first),
        ),
        "You choose the layer by a mean over its heads. One head is asked for, and the best head "
        "need not be in the best layer.",
        "Compare all {n_layers} times {n_heads} heads with one another: head {at} gives {first}.",
    ),
)
HELD_OUT_FALLBACK = Diagnosis(
    "unrecognised",
    "Begin with what each head gives to the right word of each sentence: in sentence 0 this is "
    "word {place}. Then take means over the first {half} sentences.",
    "On the first {half} sentences head {at} gives most, {first} on average. Its mean over the "
    "other {half} is the score.",
    lambda attempt: True,
)

HELD_OUT = FunctionExercise(
    id="held-out-head",
    title="Held out",
    stars=3,
    minutes=15,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *HELD_OUT_MISTAKES,
        *functions.OF_FORM,
        HELD_OUT_FALLBACK,
    ),
    parameters=("weights", "right"),
    cases=held_out_cases,
    reference=held_out,
    result=ChosenResult("(layer, head, score)"),
)
