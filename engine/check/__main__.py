"""Run `python -m engine.check module:f module:grad --at "[1.0, 2.0]"`."""

import sys

from engine.check.command import main

sys.exit(main())
