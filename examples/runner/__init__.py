"""Runs the examples: each on a Redis of its own, in a copy of its folder, with an account of what happened."""
