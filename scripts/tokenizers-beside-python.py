"""The Python half of tokenizers-beside-python.mjs: encodes and decodes what stdin holds, with the tokenizer in argv[1]."""

import json
import sys

import tokenizers
from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file(sys.argv[1])
# As transformers does for every call.
tokenizer.no_truncation()
tokenizer.no_padding()


def unless_it_crashes(work):
    """Returns the result; None if the library panics, as it does for some tokens that swallow the same blanks."""
    try:
        return work()
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            return None
        raise


def encode(text, as_words):
    tokenizer.encode_special_tokens = as_words
    return tokenizer.encode(text, add_special_tokens=False).ids


def decode(ids):
    return {
        "decoded": tokenizer.decode(ids, skip_special_tokens=False),
        "skipped": tokenizer.decode(ids, skip_special_tokens=True),
    }


def observe(text):
    ids = encode(text, False)
    return {"ids": ids, "plainIds": encode(text, True), **decode(ids)}


job = json.load(sys.stdin)
result = {
    "version": tokenizers.__version__,
    "texts": [unless_it_crashes(lambda: observe(text)) for text in job["texts"]],
    "sequences": [unless_it_crashes(lambda: decode(ids)) for ids in job["sequences"]],
}
json.dump(result, sys.stdout)
