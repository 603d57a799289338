"""Configurations: what ``rcmlrs train`` reads from a TOML file, checked, with the line of whatever is wrong.

``keys`` says what there is, ``read`` reads it, ``lines`` finds the lines, and ``page`` writes the table of the keys.
What the values mean is told by ``train.configured``, which runs them.
"""

from rcmlrs_core.config.read import Config, Option, exact_number, of_options, read_config

__all__ = ["Config", "Option", "exact_number", "of_options", "read_config"]
