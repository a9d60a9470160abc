"""The Python half of tokenizers-beside-python.mjs: encodes and decodes what stdin holds, with the tokenizer in argv[1]."""

import json
import sys

import tokenizers
from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file(sys.argv[1])
# As transformers does for every call.
tokenizer.no_truncation()
tokenizer.no_padding()


def encode(text, as_words):
    tokenizer.encode_special_tokens = as_words
    return tokenizer.encode(text, add_special_tokens=False).ids


def decode(ids):
    return {
        "decoded": tokenizer.decode(ids, skip_special_tokens=False),
        "skipped": tokenizer.decode(ids, skip_special_tokens=True),
    }


job = json.load(sys.stdin)
texts = []
for text in job["texts"]:
    ids = encode(text, False)
    texts.append({"ids": ids, "plainIds": encode(text, True), **decode(ids)})
json.dump(
    {"version": tokenizers.__version__, "texts": texts, "sequences": [decode(ids) for ids in job["sequences"]]}, sys.stdout
)
