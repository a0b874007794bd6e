"""Import the packages before pytest collects their modules: a file collected first would be executed a second time."""

import engine  # noqa: F401  # imported for its effect on sys.modules: there must be one class Value, not two
