"""Scalars: a number that remembers where it came from, and what can be done with that."""
