"""Renders templates as transformers does. Reads a JSON list of cases {"source", "names"} from standard input and writes a
JSON list of {"text"} or {"error"}. With "now" (an ISO time) in a case, templates read that time.

    python3 scripts/jinja.py < cases.json

Needs the packages transformers and jinja2.
"""

import datetime
import json
import os
import sys

os.environ["TRANSFORMERS_VERBOSITY"] = "error"
from transformers.utils import chat_template_utils  # noqa: E402

NOW = datetime.datetime(2024, 7, 5, 7, 8, 9)


class FixedTime(datetime.datetime):
    now_value = NOW

    @classmethod
    def now(cls, tz=None):
        return cls.now_value


chat_template_utils.datetime = FixedTime


def render(case):
    FixedTime.now_value = datetime.datetime.fromisoformat(case["now"]) if "now" in case else NOW
    try:
        template = chat_template_utils._compile_jinja_template(case["source"])
        return {"text": template.render(**chat_template_utils._plain_template_data(case["names"]))}
    except RecursionError:
        return {"error": "RecursionError"}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


json.dump([render(case) for case in json.load(sys.stdin)], sys.stdout)
