"""The exercise "how-many-texts": what is left beside the weights, shared out among texts."""

from functools import partial

import numpy as np

from attnlib.exercises import functions
from attnlib.exercises.checking import Diagnosis
from attnlib.exercises.counting import NOT_WHOLE, CountResult, count_case, count_mistake, spelled
from attnlib.exercises.functions import FunctionExercise


def texts_that_fit(
    memory,
    n_params,
    n_layers,
    n_key_heads,
    d_head,
    n_tokens,
    weight_bytes=2,
    number_bytes=2,
    vectors=2,
):
    """How many texts fit, in exact whole numbers, also if something else is counted."""
    per_text = vectors * number_bytes * n_layers * n_key_heads * d_head * n_tokens
    return (memory - weight_bytes * n_params) // per_text


def how_many(*sizes):
    return max(0, texts_that_fit(*sizes))


def either_way(count):
    """Ways of one mistake: negative numbers as they are, and as 0."""
    return count, lambda *sizes: max(0, count(*sizes))


def counted_with(**changed):
    return either_way(partial(texts_that_fit, **changed))


def ratio(memory, n_params, *sizes):
    """What fits before it is rounded."""
    per_text = 4 * np.prod([int(size) for size in sizes], dtype=object)
    return (memory - 2 * n_params) / per_text


def rounded_by(change):
    return either_way(lambda *sizes: change(ratio(*sizes)))


def left_out(name):
    """As if the size called `name` were 1."""
    place = TEXTS_SIZES.index(name)
    return either_way(
        lambda *sizes: texts_that_fit(*(1 if i == place else size for i, size in enumerate(sizes)))
    )


def cut_twice(memory, n_params, *sizes):
    """The texts that the whole memory holds, less those whose room the weights take."""
    per_text = 4 * np.prod([int(size) for size in sizes], dtype=object)
    return memory // per_text - 2 * n_params // per_text


def weights_for_each(memory, n_params, *sizes):
    per_text = 4 * np.prod([int(size) for size in sizes], dtype=object)
    return memory // (2 * n_params + per_text)


def weights_in_each_layer(memory, n_params, n_layers, *sizes):
    return texts_that_fit(memory, n_params * n_layers, n_layers, *sizes)


TEXTS_SIZES = ("memory", "n_params", "n_layers", "n_key_heads", "d_head", "n_tokens")


def texts_case(*sizes):
    case = count_case(**dict(zip(TEXTS_SIZES, sizes, strict=True)))
    memory, n_params, *others = sizes
    per_token = 4 * int(np.prod(others[:-1]))
    case.facts["weights"] = spelled(2 * n_params)
    case.facts["left"] = spelled(memory - 2 * n_params)
    case.facts["per_token"] = spelled(per_token)
    case.facts["per_text"] = spelled(per_token * others[-1])
    return case


def texts_cases():
    llama = 8_030_261_248, 32, 8, 128
    gpt3 = 175_181_291_520, 96, 96, 128
    sizes = (
        (1_000_000, 90_011, 3, 5, 7, 11),
        (1_003_000, 90_011, 2, 5, 7, 11),
        (24_000_000_000, *llama, 8192),
        (1_000_000_000, 134_515_008, 30, 3, 64, 2048),
        (640_000_000_000, *gpt3, 2048),
        (16_000_000_000, *llama, 8192),
        (8_000_000_000, *llama, 1024),
        (2 * 1000 + 3 * 4 * 2 * 3 * 5 * 7, 1000, 2, 3, 5, 7),
        (2 * 1000 + 3 * 4 * 2 * 3 * 5 * 7 - 1, 1000, 2, 3, 5, 7),
        (2000, 1000, 2, 3, 5, 7),
    )
    return [texts_case(*each) for each in sizes]


TEXTS_MISTAKES = (
    count_mistake(
        "weights-forgotten",
        counted_with(weight_bytes=0),
        "You have {returned}, and {expected} is expected. You give all the memory to texts. The "
        "weights are there before the first text.",
        "{n_params} parameters of two bytes each take {weights} bytes away.",
    ),
    count_mistake(
        "weights-for-each-text",
        either_way(weights_for_each),
        "You have {returned}, and {expected} is expected. You load the weights with each text. "
        "They are there once, and all texts use them.",
        "Take the weights away first. Then share out the rest.",
    ),
    count_mistake(
        "weights-in-each-layer",
        either_way(weights_in_each_layer),
        "You have {returned}, and {expected} is expected. You count the parameters in each layer. "
        "n_params are those of all layers together.",
        "The weights take {weights} bytes.",
    ),
    count_mistake(
        "half-a-text",
        counted_with(vectors=1),
        "You have {returned}, and {expected} is expected. Your texts take half of what they need. "
        "A new word needs two vectors of each token, and a number takes two bytes.",
        "It meets the keys, and then it takes the values.",
    ),
    count_mistake(
        "queries-kept",
        counted_with(vectors=3),
        "You have {returned}, and {expected} is expected. You keep three vectors of each token. "
        "One of the three is used once and never asked for again.",
        "A word that is written meets the keys and the values of all before it. Does it meet "
        "their queries?",
    ),
    count_mistake(
        "bytes",
        tuple(
            way
            for weight_bytes in (1, 2, 4)
            for number_bytes in (1, 2, 4)
            if (weight_bytes, number_bytes) not in ((2, 1), (2, 2))
            for way in counted_with(weight_bytes=weight_bytes, number_bytes=number_bytes)
        ),
        "You have {returned}, and {expected} is expected. You count other bytes than these: two "
        "for each number, of the weights, of the keys and of the values.",
        "The weights take {weights} bytes.",
    ),
    count_mistake(
        "without-layers",
        left_out("n_layers"),
        "You have {returned}, and {expected} is expected. You count the cache of one layer. Each "
        "of the {n_layers} layers has keys and values of its own.",
        "One of the inputs is not used yet.",
    ),
    count_mistake(
        "without-heads",
        left_out("n_key_heads"),
        "You have {returned}, and {expected} is expected. You count one key head in each layer. "
        "There are {n_key_heads}.",
        "One of the inputs is not used yet.",
    ),
    count_mistake(
        "without-d-head",
        left_out("d_head"),
        "You have {returned}, and {expected} is expected. You count each key and each value as one "
        "number. A key is a vector.",
        "A key has as many numbers as a head is wide: {d_head}.",
    ),
    count_mistake(
        "without-tokens",
        left_out("n_tokens"),
        "You have {returned}, and {expected} is expected. You count texts of one token. They have "
        "{n_tokens}.",
        "One of the inputs is not used yet.",
    ),
    count_mistake(
        "pattern-kept",
        either_way(lambda *sizes: texts_that_fit(*sizes[:-1], sizes[-1] ** 2)),
        "You have {returned}, and {expected} is expected. The number of tokens comes in squared. "
        "The pattern has so many cells, and it is not kept.",
        "With twice as many tokens, how many more keys and values are there?",
    ),
    count_mistake(
        "not-cut",
        rounded_by(lambda texts: texts),
        "You have {returned}, and {expected} is expected. A part of a text does not fit: a whole "
        "number is asked for.",
        "`//` divides and leaves the rest away. It makes an int of two ints.",
    ),
    count_mistake(
        "cut-twice",
        either_way(cut_twice),
        "You have {returned}, and {expected} is expected. You leave a rest away twice: of the "
        "memory, and of the weights. The two rests together may make a text more or less.",
        "Take the bytes of the weights away first. There are {left} left: share these out, and "
        "leave the rest away once.",
    ),
    count_mistake(
        "rounded-up",
        (
            *rounded_by(lambda texts: round(texts)),
            *rounded_by(lambda texts: int(np.ceil(texts))),
            *rounded_by(lambda texts: int(np.floor(texts)) + 1),
            lambda *sizes: how_many(*sizes) + 1,
        ),
        "You have {returned}, and {expected} is expected. You round up, or to the nearest number. "
        "The last of your texts does not fit as a whole.",
        "There are {left} bytes for texts of {per_text} bytes. `//` leaves the rest away.",
    ),
    count_mistake(
        "exact-fit",
        rounded_by(lambda texts: int(np.ceil(texts)) - 1),
        "You have {returned}, and {expected} is expected. Here the texts fill the memory to the "
        "last byte, and that is allowed.",
        "There are {left} bytes for texts of {per_text} bytes.",
    ),
    count_mistake(
        "negative",
        (
            texts_that_fit,
            lambda *sizes: int(ratio(*sizes)),
            lambda *sizes: abs(texts_that_fit(*sizes)),
            lambda *sizes: abs(int(ratio(*sizes))),
        ),
        "You have {returned}. Here the weights alone are larger than the memory, and no text fits: "
        "0.",
        "`max(0, ...)` turns what is below 0 into 0.",
    ),
)
TEXTS_FALLBACK = Diagnosis(
    "unrecognised",
    "You have {returned}, and {expected} is expected. Take the bytes of the weights from the "
    "memory, and work out the bytes of one text.",
    "A token takes {per_token} bytes: a key and a value of {d_head} numbers, in {n_key_heads} key "
    "heads of {n_layers} layers, two bytes each. How often do the tokens of one text fit in {left} "
    "bytes?",
    lambda attempt: True,
)

NOT_ONE = Diagnosis(
    "wrong-shape",
    "Your result's shape is {shape}. The answer is {wanted}.",
    "Return the number itself, without brackets around it.",
)
NOT_A_NUMBER = Diagnosis(
    "not-finite",
    "Your function returned {returned}, and one cannot count to that. Here {expected} is expected.",
    "Is something divided by 0? One text takes {per_text} bytes.",
)

HOW_MANY_TEXTS = FunctionExercise(
    id="how-many-texts",
    title="How many texts fit?",
    stars=1,
    minutes=5,
    diagnoses=(
        *TEXTS_MISTAKES,
        functions.RAISED,
        NOT_WHOLE,
        NOT_ONE,
        NOT_A_NUMBER,
        functions.NOT_A_FUNCTION,
        functions.ARGUMENTS,
        TEXTS_FALLBACK,
    ),
    parameters=TEXTS_SIZES,
    cases=texts_cases,
    reference=how_many,
    result=CountResult("the texts that fit"),
)
