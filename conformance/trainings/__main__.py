"""``python -m rcmlrs_conformance.trainings``: make the stored digests anew."""

from .stored import main

main()
