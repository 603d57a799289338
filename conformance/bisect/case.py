"""One call alone, as a file: its operands and what came of it are tensors in a safetensors file, the rest metadata."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from rcmlrs_core.creation import from_bytes
from rcmlrs_core.errors import FileFormatError
from rcmlrs_core.io.binary import load_state_binary, save_tensors_binary
from rcmlrs_core.ops import KERNELS
from rcmlrs_core.plain import ITEMSIZE

from ..judge.definition import DEFINITION, Outcome, Outcomes, outcomes
from .trace import COMPOSITIONS, FUSED_CALL, KINDS, LOAD, OPERATION, decoded

FORMAT = "1"
MARK = "rcmlrs bisect"

_ADVICE = "expected a file that rcmlrs bisect has saved"


@dataclass(frozen=True)
class Case:
    """A call. ``results`` are those of each backend that it ran on, by the backend's name, where they are known."""

    kind: str
    name: str
    attributes: Mapping[str, Any]
    operands: Outcomes
    results: Mapping[str, Outcomes]
    told: str = ""
    """Where it comes from, for people."""


def save_case(path: str, case: Case, attributes: str) -> None:
    """Write a case; ``attributes`` are in JSON, as a call has them."""
    tensors = {f"operand.{i}": x for i, x in enumerate(case.operands)}
    backends = list(case.results)
    for i, name in enumerate(backends):
        if all(len(x.raw) == ITEMSIZE.get(x.dtype, 0) * prod(x.shape) for x in case.results[name]):  # can be a tensor
            tensors |= {f"result.{i}.{j}": x for j, x in enumerate(case.results[name])}
    metadata = {MARK: FORMAT, "kind": case.kind, "name": case.name, "attributes": attributes, "told": case.told}
    metadata |= {f"backend.{i}": name for i, name in enumerate(backends)}
    save_tensors_binary(
        path,
        {name: from_bytes(x.raw, x.shape, DEFINITION, dtype=x.dtype) for name, x in tensors.items()},
        metadata=metadata,
    )


def load_case(path: str) -> Case:
    """Read a case, which may come from anyone. Raises FileFormatError for anything else, OSError for no file."""
    state = load_state_binary(path, backend=DEFINITION)
    metadata = state.metadata
    if metadata.get(MARK) != FORMAT:
        raise FileFormatError(f"{path} is no case of rcmlrs bisect in format {FORMAT}; {_ADVICE}")
    if not all(text.isprintable() for text in metadata.values()):
        raise FileFormatError(f"{path}: its metadata are no printable text; {_ADVICE}")
    kind, name = metadata.get("kind", ""), metadata.get("name", "")
    known = {OPERATION: KERNELS, FUSED_CALL: COMPOSITIONS, LOAD: (LOAD,)}
    if kind not in KINDS or name not in known[kind]:
        raise FileFormatError(
            f"{path}: there is no {kind} {name!r} here; {_ADVICE}, and the operation must be one of this version"
        )
    try:
        attributes = decoded(metadata.get("attributes", ""))
    except ValueError as error:
        raise FileFormatError(f"{path}: its attributes cannot be read: {error}; {_ADVICE}") from error
    found: dict[str, list[Outcome]] = {}
    for key, tensor in state.items():
        family, _, number = key.rpartition(".")
        members = found.setdefault(family, [])
        if number != str(len(members)) or not (family == "operand" or f"backend.{family[7:]}" in metadata):
            raise FileFormatError(f"{path}: the tensor {key!r} is not expected; {_ADVICE}")
        members += outcomes(tensor)
    operands = tuple(found.pop("operand", ()))
    results = {metadata[f"backend.{family[7:]}"]: tuple(members) for family, members in found.items()}
    return Case(kind, name, attributes, operands, results, metadata.get("told", ""))
