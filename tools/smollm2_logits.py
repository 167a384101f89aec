"""Make tests/real_model/logits.json: what transformers computes from SmolLM2's file.

    python -m pip install transformers accelerate gguf torch   # in an environment of its own
    python tools/smollm2_logits.py path/to/SmolLM2-135M-Instruct.Q4_1.gguf > logits.json

For each text: its ids, the likeliest next token at each place, and 64 logits at places drawn by a
fixed seed, as `[place, token, logit]`. Source of the model: Hugging Face's `LlamaForCausalLM`.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import transformers

TEXTS = (
    "\nA fluffy blue creature roamed the verdant forest.",
    "\nWhen Mary and John went to the garden, Mary gave the book to",
    "\nSchon wieder: Grüße aus Köln, 1234 Stück für 56,7 €",
    '\ndef mean(x):\n    """The mean."""\n    return sum(x) / len(x)\n',
    "\nRivers change their beds. In a bend the water runs faster on the outside, where it takes "
    "away sand, and slower on the inside, where it drops the sand again. Over many years the bend "
    "grows wider and wider, until the river breaks through its neck and leaves a small lake "
    "behind.",
    "猫 sat on the мат \N{GRINNING FACE}\t<|im_start|>user",
)
N_LOGITS = 64


@torch.no_grad()
def rows(path):
    """One dictionary for each text."""
    where = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
    tokenizer = transformers.AutoTokenizer.from_pretrained(**where)
    model = transformers.AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32).eval()
    rng = np.random.default_rng(0)
    for text in TEXTS:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        logits = model(torch.tensor([ids])).logits[0].numpy()
        places, tokens = (rng.integers(0, size, N_LOGITS).tolist() for size in logits.shape)
        chosen = zip(places, tokens, logits[places, tokens].tolist(), strict=True)
        yield {
            "text": text,
            "ids": ids,
            "likeliest": logits.argmax(-1).tolist(),
            "logits": [[place, token, round(logit, 5)] for place, token, logit in chosen],
        }


def main():
    table = {"transformers": transformers.__version__, "texts": list(rows(Path(sys.argv[1])))}
    print(json.dumps(table))


if __name__ == "__main__":
    main()
