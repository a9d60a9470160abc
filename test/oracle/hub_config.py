"""Writes a config in the format of transformers 4, which most files on the hub have."""

import json
from pathlib import Path


def spell(config: dict) -> dict:
    """Returns transformers 4's names for the contents of `rope_parameters`, `layer_types` and `dtype` of transformers 5."""
    spelt = {
        key: value
        for key, value in config.items()
        if key not in ("dtype", "rope_parameters", "layer_types", "_sliding_window_pattern")
    }
    spelt["transformers_version"] = "4.50.0"
    spelt["torch_dtype"] = config["dtype"]
    rope = config["rope_parameters"]
    if "full_attention" in rope:
        spelt["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
        spelt["sliding_window_pattern"] = config["_sliding_window_pattern"]
        rope = rope["full_attention"]
    spelt["rope_theta"] = rope["rope_theta"]
    spelt["rope_scaling"] = None
    if config["model_type"] == "phi3":
        spelt["partial_rotary_factor"] = rope["partial_rotary_factor"]
        # Phi-3's files use `type`, and have the original length outside the scaling.
        spelt["rope_scaling"] = {"type": rope["rope_type"]}
        spelt["rope_scaling"] |= {name: rope[name] for name in ("short_factor", "long_factor")}
    elif rope["rope_type"] != "default":
        spelt["rope_scaling"] = {key: value for key, value in rope.items() if key != "rope_theta"}
    return spelt


def write(folder: Path) -> None:
    """Writes `config.v4.json` beside `config.json`."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.v4.json").write_text(json.dumps(spell(config), indent=1))
