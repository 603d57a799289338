"""The libraries that have a name of their own among the backends, and what only their documentation tells of them."""

import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from rcmlrs_backend_array_api.backend import ArrayBackend
from rcmlrs_backend_array_api.library import Library, quiet


def _jax() -> Library:
    import jax
    import jax.numpy

    switch: Any = jax.enable_x64 if hasattr(jax, "enable_x64") else import_module("jax.experimental").enable_x64

    def scope() -> AbstractContextManager[Any]:
        # Binary64 is off unless asked for. This asks for it in this thread and for this call: the user's own
        # configuration stays what it is.
        return switch(True)  # type: ignore[no-any-return]

    return Library(jax.numpy, scope=scope, compiles=True)


def _torch() -> Library:
    return Library(import_module("array_api_compat.torch"))


def _cupy() -> Library:
    return Library(import_module("array_api_compat.cupy"))


def _dask() -> Library:
    import dask

    @contextmanager
    def scope() -> Iterator[None]:
        # In this thread: the others do not know that NumPy's warnings are off.
        with quiet(), dask.config.set(scheduler="synchronous"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield

    namespace = import_module("array_api_compat.dask.array")

    def take(x: Any, indices: Any, *, axis: int) -> Any:
        # Where the only index is in an array of Dask's own, Dask (2026.8) says that all rows were taken.
        return namespace.take(x, indices.compute() if hasattr(indices, "compute") else indices, axis=axis)

    patched = SimpleNamespace(**{**vars(namespace), "take": take, "__version__": getattr(dask, "__version__", "")})
    return Library(patched, scope=scope, evaluate=lambda x: x.persist())


def _array_api_strict() -> Library:
    return Library(import_module("array_api_strict"))


jax = ArrayBackend(_jax, "JAX", "jax", "jax")
torch = ArrayBackend(_torch, "PyTorch", "torch", "torch")
cupy = ArrayBackend(_cupy, "CuPy", "cupy", "cupy")
dask = ArrayBackend(_dask, "Dask", "dask", "dask")
array_api_strict = ArrayBackend(_array_api_strict, "array-api-strict", "array_api_strict", "array-api-strict")
