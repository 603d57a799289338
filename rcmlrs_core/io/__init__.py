"""Persistence: tensors to files and back, every bit the same. ``State`` and digests of it, and writing that is atomic.

Two formats hold the same thing, named tensors and metadata. The binary one (``binary``) is safetensors, which other
libraries read and write; the JSON one (``json_state``) is for human eyes. Neither can hold code, and a file from a
stranger is either read or refused with a :class:`~rcmlrs_core.errors.FileFormatError`.
"""

from rcmlrs_core.io.atomic import atomic_write
from rcmlrs_core.io.binary import load_state_binary, save_tensors_binary
from rcmlrs_core.io.json_state import load_state_json, save_tensors_json
from rcmlrs_core.io.state import State, state_digest

__all__ = [
    "State",
    "atomic_write",
    "load_state_binary",
    "load_state_json",
    "save_tensors_binary",
    "save_tensors_json",
    "state_digest",
]
