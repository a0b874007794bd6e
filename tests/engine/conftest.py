"""Let the tests of the engine import what they share, such as programs.py: importlib mode finds no siblings."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
