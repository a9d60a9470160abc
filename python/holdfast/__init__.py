"""Reads what Holdfast writes into numpy and pandas, and starts its command.

>>> import holdfast
>>> holdfast.run("trace", "organism", "--chat", "dialogue.json", "--out", "trace.safetensors")
>>> trace = holdfast.read_trace("trace.safetensors")
>>> trace["target.share_after"].shape       # [layers, heads, tokens]
"""

from .command import run
from .errors import CommandError, CommandNotFoundError, FileError, HoldfastError
from .measurement import Measurement, read_measurement
from .study import Study, read_study
from .trace import Trace, read_trace

__version__ = "0.1.0"

__all__ = [
    "CommandError",
    "CommandNotFoundError",
    "FileError",
    "HoldfastError",
    "Measurement",
    "Study",
    "Trace",
    "read_measurement",
    "read_study",
    "read_trace",
    "run",
]
