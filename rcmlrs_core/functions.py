"""The operations as functions: ``rc.gelu(x)``. The names are those of the table, so some are builtins' too.

What a type checker sees is ``functions.pyi``, generated from the operations (``make stubs``).
"""

from rcmlrs_core.dispatch import FUNCTIONS

globals().update(FUNCTIONS)
__all__ = list(FUNCTIONS)
