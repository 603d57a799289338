"""``python -m rcmlrs_core.cli`` is the command ``rcmlrs``."""

from rcmlrs_core.cli import main

main()
