"""The table of operations: one file each, found by its name.

``TABLE`` maps names to operations; to add one is to add a file. Nothing here knows of tensors or backends.
"""

import importlib
import pkgutil

from rcmlrs_core.ops.op import Composition, Operation


def _collect() -> dict[str, Operation]:
    table = {}
    for info in pkgutil.iter_modules(__path__):
        operation = getattr(importlib.import_module(f"{__name__}.{info.name}"), "operation", None)
        if operation is not None:
            table[operation.name] = operation
    return table


TABLE: dict[str, Operation] = _collect()

KERNELS: dict[str, Operation] = {
    name: operation for name, operation in TABLE.items() if not isinstance(operation, Composition)
}
"""The operations for which a backend has a kernel; the others are compositions of these."""
