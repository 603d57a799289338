"""Numbers: bits and rounding, exact reals, exact sums, the rounding test. Nothing here knows of tensors."""
