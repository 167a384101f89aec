"""An exercise of the chapter "Long texts": attention without the softmax, word by word."""

from dataclasses import dataclass, replace

import numpy as np

from attnlib.exercises import functions
from attnlib.exercises.checking import Diagnosis, numeric
from attnlib.exercises.drawing import matrix, number
from attnlib.exercises.functions import Case, FunctionExercise
from attnlib.exercises.many_heads import Parts, PartsResult, parts_mistake

SEED = 16


# --- one-step: attention without the softmax, word by word


class Step(Parts):
    """An output, and the two arrays of the state after it."""

    @property
    def state(self):
        return self.arrays[1:]


def step(q, k, v, state):
    """Katharopoulos et al. (2020), "Transformers are RNNs", equations 18 to 20."""
    s, z = state
    s, z = s + np.outer(k, v), z + k
    return Step((q @ s / (q @ z), s, z))


@dataclass(frozen=True)
class StepResult(PartsResult):
    """An output, and a state of two arrays."""

    def read(self, value):
        if not isinstance(value, tuple | list) or len(value) != 2:
            raise TypeError("not an output and a state")
        output, state = value
        if not isinstance(state, tuple | list) or len(state) != 2:
            raise TypeError("not a state of two arrays")
        return Step(tuple(map(numeric, (output, *state))))

    def wanted(self, expected):
        output, s, z = expected.shapes
        return f"(output, (s, z)): arrays of the shapes {output}, {s} and {z}"


def step_case(q, k, v, state):
    s, z = state
    drawn = (
        matrix("input q and k", np.array([q, k]), ("q", "k")),
        matrix("input v", v, ("v",)),
        matrix("s of the state", s),
        matrix("z of the state", z, ("z",)),
    )
    output, _, new_z = step(q, k, v, state).arrays
    facts = {"d": str(len(q)), "d_value": str(len(v)), "divisor": number(q @ new_z, 3)}
    facts |= {"summed": number((q @ new_z) * output[0], 3), "first": number(output[0], 3)}
    return Case((q, k, v, state), (), (), drawn, facts)


def a_word(rng, d, d_value):
    """q and k with positive entries, and v."""
    return *rng.uniform(0.2, 2, (2, d)).round(1), rng.normal(0, 2, d_value).round(1)


def state_after(rng, words, d, d_value):
    state = np.zeros((d, d_value)), np.zeros(d)
    for _ in range(words):
        state = step(*a_word(rng, d, d_value), state).state
    return state


def step_cases():
    by_hand = np.array([1.0, 2.0]), np.array([2.0, 1.0]), np.array([3.0, 0.0])
    state = np.array([[1.0, 2.0], [0.0, 4.0]]), np.array([1.0, 2.0])
    cases = [step_case(*by_hand, state)]
    rng = np.random.default_rng(SEED)
    for d, d_value, words in (
        (2, 3, 1),
        (3, 2, 4),
        (4, 4, 2),
        (2, 2, 0),
        (3, 4, 0),
        (3, 1, 9),
        (1, 3, 2),
    ):
        state = state_after(rng, words, d, d_value)
        cases.append(step_case(*a_word(rng, d, d_value), state))
    return cases


def is_first(state):
    return not state[1].any()


def in_step(change):
    """The parts that `change(q, k, v, s, z, new s, new z)` gives."""

    def given(q, k, v, state):
        _, s, z = step(q, k, v, state).arrays
        with np.errstate(all="ignore"):
            return change(q, k, v, *state, s, z)

    return given


def read_before(q, k, v, state):
    """The output of the state that came in, whatever it is for the first word."""
    s, z = state
    return (None if is_first(state) else q @ s / (q @ z)), None, None


def step_mistake(id, ways, hint, stronger):
    """Code often treats the first word apart, and is right there."""
    corners = (lambda q, k, v, state: is_first(state),)
    ways = functions.also_right_in(corners, lambda *inputs: step(*inputs).arrays, ways)
    return parts_mistake(id, ways, hint, stronger)


STEP_MISTAKES = (
    step_mistake(
        "read-too-early",
        read_before,
        "Your output is read from the state before this word is in it. A word sees itself, too; "
        "the first word sees nothing else.",
        "Two things are added to the state first. The output is read from the new state.",
    ),
    step_mistake(
        "old-state",
        (
            in_step(lambda q, k, v, old_s, old_z, s, z: (None, old_s, old_z)),
            in_step(lambda q, k, v, old_s, old_z, s, z: (None, old_s, z)),
        ),
        "You return the state as it came. The next word begins with what you return: this word "
        "would be forgotten.",
        "Return the arrays after you have added to them, both of them.",
    ),
    step_mistake(
        "z-as-it-was",
        in_step(lambda q, k, v, old_s, old_z, s, z: (None, s, old_z)),
        "s is right, and z is as it came. It is the sum of the keys so far, and this word has a "
        "key, too.",
        "Both parts of the state grow with each word: s by a matrix, z by a vector.",
    ),
    step_mistake(
        "outer-turned",
        in_step(
            lambda q, k, v, old_s, old_z, s, z: (
                None,
                old_s + np.outer(v, k) if len(k) == len(v) else None,
                None,
            )
        ),
        "The matrix that you add to s is turned over. s is (d, d_value): a row for each number of "
        "the key, a column for each number of the value.",
        "In row i, column j stands number i of the key times number j of the value.",
    ),
    step_mistake(
        "this-word-alone",
        (
            in_step(lambda q, k, v, old_s, old_z, s, z: (None, np.outer(k, v), None)),
            in_step(lambda q, k, v, old_s, old_z, s, z: (None, None, k)),
        ),
        "Your new state knows this word alone. What came in is to be added to, not replaced.",
        "Each part of the new state is the old part plus something of this word.",
    ),
    step_mistake(
        "query-in-the-state",
        (
            in_step(lambda q, k, v, old_s, old_z, s, z: (None, old_s + np.outer(q, v), None)),
            in_step(lambda q, k, v, old_s, old_z, s, z: (None, None, old_z + q)),
        ),
        "You add the query to the state. A word is found again by its key: the query reads, and "
        "leaves nothing behind.",
        "s grows by key and value, z by the key.",
    ),
    step_mistake(
        "undivided",
        in_step(lambda q, k, v, old_s, old_z, s, z: (q @ s, s, z)),
        "Your output is a sum that nothing divides. The weights of a word are to sum to 1: divide "
        "by the sum of q's products with all keys so far.",
        "The keys so far have been added up: it is one product with q, and comes to {divisor}.",
    ),
    step_mistake(
        "divided-by-another-sum",
        (
            in_step(lambda q, k, v, old_s, old_z, s, z: (q @ s / z.sum(), s, z)),
            in_step(lambda q, k, v, old_s, old_z, s, z: (q @ s / q.sum(), s, z)),
            in_step(lambda q, k, v, old_s, old_z, s, z: (q @ s / (q @ k), s, z)),
            in_step(lambda q, k, v, old_s, old_z, s, z: (q @ s / (q.sum() * z.sum()), s, z)),
            in_step(lambda q, k, v, old_s, old_z, s, z: (q @ s / np.sqrt(len(q)), s, z)),
            lambda q, k, v, state: (
                None if is_first(state) else q @ step(q, k, v, state).arrays[1] / (q @ state[1]),
                None,
                None,
            ),
        ),
        "You divide by another number. The weights of a word are its query's products with all "
        "keys so far, divided by their sum.",
        "Here the sum is {divisor}: the query times the new z.",
    ),
    step_mistake(
        "read-by-the-key",
        in_step(lambda q, k, v, old_s, old_z, s, z: (k @ s / (k @ z), s, z)),
        "You read the state with the key. The key is for those who look at this word; to look "
        "itself it has its query.",
        "q is not used in your output.",
    ),
    step_mistake(
        "mapped-again",
        tuple(
            lambda q, k, v, state, change=change: step(change(q), change(k), v, state).arrays
            for change in (np.exp, lambda x: x + 1)
        ),
        "You change q and k before you use them. They come with positive entries, ready for use.",
        "What makes entries positive (e to their power, for example) has been done before.",
    ),
    step_mistake(
        "read-from-the-other-side",
        in_step(
            lambda q, k, v, old_s, old_z, s, z: (
                s @ q / (q @ z) if len(q) == len(v) else None,
                s,
                z,
            )
        ),
        "You add along the wrong axis of s: its rows belong to the numbers of the key, and the "
        "query is compared with keys.",
        "The output is a mixture of values: it has a number for each column of s.",
    ),
    step_mistake(
        "z-and-s-exchanged",
        in_step(lambda q, k, v, old_s, old_z, s, z: (None, z, s)),
        "The two parts of your state have changed places. It goes in as (s, z), and comes out so.",
        "The matrix comes first.",
    ),
)
NOT_A_STEP = Diagnosis(
    "wrong-type",
    "What your function returns cannot be read as an output and a state: it is to be {wanted}.",
    "Your `return` line gives two things, and the second is a pair: `return output, (s, z)`.",
)
STEP_SHAPE = Diagnosis(
    "wrong-shape",
    "Your arrays have the shapes {shape}. Expected is {wanted}.",
    "s has a row for each of {d} numbers of a key and a column for each of {d_value} numbers of a "
    "value. z is a sum of keys.",
)
STEP_LOST = Diagnosis(
    "not-finite",
    "Your {name} is {returned} at {place}, which is not a number one can go on with. All entries "
    "of q and k are positive, so there is something to divide by.",
    "Expected is {expected}. For the first word s and z are zeros: what do you divide by there?",
)
STEP_FALLBACK = Diagnosis(
    "unrecognised",
    "Your {name} is {returned} at {place}, and {expected} is expected. Work this word out by hand: "
    "what is added to s, what to z, and what the query reads.",
    "The query times the new s begins with {summed}, and the query times the new z is {divisor}: "
    "the output begins with {first}.",
    lambda attempt: True,
)


def at_once(q, k, v):
    """(q kᵀ) v under the causal mask, each row of weights divided by its sum."""
    weights = np.tril(q @ k.T)
    return weights / weights.sum(axis=1, keepdims=True) @ v


@dataclass(frozen=True)
class StepExercise(FunctionExercise):
    """A right answer goes through a text, and is compared with attention at one go."""

    def examine(self, answer):
        attempt = super().examine(answer)
        if not attempt.solved:
            return attempt
        return replace(attempt, message=f"{attempt.message} {self._over_a_text(answer)}".strip())

    def _over_a_text(self, answer):
        rng, n, d, d_value = np.random.default_rng(SEED), 6, 3, 2
        q, k, v = map(np.array, zip(*(a_word(rng, d, d_value) for _ in range(n)), strict=True))
        state = np.zeros((d, d_value)), np.zeros(d)
        for word in zip(q, k, v, strict=True):
            came = self._read(functions.run(answer, (*word, state)))
            if not isinstance(came, Step) or came.shapes != step(*word, state).shapes:
                return ""
            output, state = came.arrays[0], came.state
        told = [", ".join(number(x, 4) for x in row) for row in (output, at_once(q, k, v)[-1])]
        return (
            f"Word by word through a text of {n} words, your last output is ({told[0]}). All at "
            f"once, from the pattern, it is ({told[1]})."
        )


ONE_STEP = StepExercise(
    id="one-step",
    title="One step",
    stars=2,
    minutes=10,
    diagnoses=(
        functions.CHANGED_INPUTS,
        *STEP_MISTAKES,
        functions.RAISED,
        NOT_A_STEP,
        STEP_SHAPE,
        STEP_LOST,
        functions.NOT_A_FUNCTION,
        functions.ARGUMENTS,
        STEP_FALLBACK,
    ),
    parameters=("q", "k", "v", "state"),
    cases=step_cases,
    reference=step,
    result=StepResult(("output", "s", "z")),
)
