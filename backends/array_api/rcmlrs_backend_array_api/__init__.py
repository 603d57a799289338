"""Kernels for any array library that follows the Array API standard, derived from the operations' own files.

``derive(operation, xp)`` gives a kernel over the arrays of the namespace ``xp``: the binary64 formula, the rounding
test over whole arrays, and the exact definition for the few elements that stay undecided. There is no code per
operation here, and none per library; a backend such as NumPy's adds kernels only where its library can be faster.
"""

from rcmlrs_backend_array_api.derive import derive

__all__ = ["derive"]
