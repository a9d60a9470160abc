"""The Python half of judges-beside-ifeval.mjs: judges the answers on stdin with lm-eval's checkers of IFEval."""

import contextlib
import json
import sys
from importlib.metadata import PackageNotFoundError, version

import nltk

# The module downloads NLTK's models when it is loaded. No instruction that is compared uses them.
nltk.download = lambda *_, **__: True

with contextlib.redirect_stdout(sys.stderr):
    from lm_eval.tasks.ifeval.instructions_registry import INSTRUCTION_DICT


def strictly(instruction, arguments, answer):
    """Returns what the strict mode of IFEval's evaluation says of one instruction."""
    checker = INSTRUCTION_DICT[instruction](instruction)
    checker.build_description(**arguments)
    return bool(answer.strip()) and bool(checker.check_following(answer))


def own_version():
    try:
        return version("lm_eval")
    except PackageNotFoundError:
        return "unknown"


job = json.load(sys.stdin)
verdicts = [strictly(case["instruction"], case["arguments"], case["answer"]) for case in job]
json.dump({"version": own_version(), "verdicts": verdicts}, sys.stdout)
