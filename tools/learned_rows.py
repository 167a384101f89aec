"""Take the rows of attnlib.learned from the model, and see that they give its answers.

    python tools/learned_rows.py FOLDER

FOLDER holds `model.safetensors` and `tokenizer.json` of all-MiniLM-L6-v2, as published. Needs
`pip install safetensors`. Run it anew when `RELATIONS` or `SHOWN` change.
"""

import sys
from itertools import islice, permutations
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from attnlib import learned

SHOWN = ("king", "france", "creature")  # chapter 1 lists the neighbours of these
NEIGHBOURS = 3
MATRIX = "embeddings.word_embeddings.weight"


def read(folder):
    """The model's tokens and rows: a list, and (n_vocab, 384)."""
    from safetensors.numpy import load_file

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    rows = load_file(folder / "model.safetensors")[MATRIX]
    return [tokenizer.id_to_token(n) for n in range(len(rows))], rows.astype(float)


def answers(tokens, rows):
    """`{question: tokens}`, nearest first by cosine: all that chapter 1 asks of the table."""
    place = {token: n for n, token in enumerate(tokens)}
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def nearest(target, but=(), n=1):
        order = (tokens[i] for i in np.argsort(-(unit @ target)))
        return tuple(islice((token for token in order if token not in but), n))

    row = {word: rows[place[word]] for word in words()}
    found = {word: nearest(row[word], n=NEIGHBOURS + 1) for word in SHOWN}
    for pairs in learned.RELATIONS.values():
        for (a, b), (_, c) in permutations(pairs, 2):
            inputs, total = (a, b, c), row[a] - row[b] + row[c]
            found[inputs] = nearest(total) + nearest(total, inputs) + nearest(row[c], inputs)
    return found


def words():
    """Every word that is asked for."""
    asked = {word for pairs in learned.RELATIONS.values() for pair in pairs for word in pair}
    return sorted(asked | set(SHOWN))


def main(folder):
    tokens, rows = read(Path(folder))
    wanted = answers(tokens, rows)
    needed = set(words()).union(*wanted.values())
    kept = [n for n, token in enumerate(tokens) if token in needed]
    held = np.array([tokens[n] for n in kept]), rows[kept].astype(np.float16)
    assert answers(held[0].tolist(), held[1].astype(float)) == wanted, "rounding changes an answer"
    path = Path(learned.__file__).with_name("rows.npz")
    np.savez_compressed(path, tokens=held[0], rows=held[1])
    print(f"{len(kept)} of {len(tokens):,} rows, {path.stat().st_size / 1000:.0f} kB")
    print(" ".join(held[0]))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
