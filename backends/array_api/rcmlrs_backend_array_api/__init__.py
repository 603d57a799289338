"""Backends of any array library that follows the Array API standard, and kernels derived from the operations' files.

``RCMLRS_BACKEND=jax`` (or torch, cupy, dask, array_api_strict) chooses a library that has a name here;
``RCMLRS_BACKEND=array_api:NAMESPACE`` any other, by the name of its namespace; ``backend_of(namespace)`` makes a plugin
of one, for an entry point or a module of your own.

``derive(operation, xp)`` gives a kernel over the arrays of the namespace ``xp`` themselves, of any number of axes: the
binary64 formula, the rounding test over whole arrays, and the exact definition for the few elements that stay
undecided. There is no code per operation here; a backend such as NumPy's adds kernels only where its library can be
faster.
"""

from rcmlrs_backend_array_api.backend import backend_of
from rcmlrs_backend_array_api.derive import derive

__all__ = ["backend_of", "derive"]
