"""The plugin's unit tests: `python3 -m unittest` or `pytest`, in the plugin's folder. They need no farmhand, only its
SDK, which `farmhand plugin new` put into `.farmhand/python`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / ".farmhand" / "python")]
