"""The words for what came of a case group. Each says one thing, and none hides another."""

from rcmlrs_core.registry import DERIVED, OWN, UNSUPPORTED

COMPOSITION = "composition"
"""Right, by a composition of operations, which has no kernel."""
CORE = "core"
"""Right, by code of the core on the backend's kernels: gradients, layers, files."""
WAIVED = "waived"
"""Wrong in cases that the backend has declared, one by one, with the reason; right in all others."""
FAIL = "fail"
"""Wrong."""
ERROR = "error"
"""The suite could not tell: it, or the process that it ran in, failed. As bad as a failure."""

PASSED = (OWN, DERIVED, COMPOSITION, CORE)
"""Every bit is right. The word is where the kernel comes from."""

STATUSES = {
    OWN: "every bit is right, by a kernel of the backend's own",
    DERIVED: "every bit is right, by a kernel that was derived for the backend",
    COMPOSITION: "every bit is right, by a composition of operations",
    CORE: "every bit is right, by code of the core on the backend's kernels",
    UNSUPPORTED: "the backend declares that it does not have the operation, and refuses it in so many words",
    WAIVED: "wrong in cases that the backend has declared, each by its name and with a reason",
    FAIL: "wrong; or the process died, hung or took too much memory",
    ERROR: "the suite could not tell: as bad as a failure",
}
"""Every status and its meaning, the good ones first."""

__all__ = ["COMPOSITION", "CORE", "DERIVED", "ERROR", "FAIL", "OWN", "PASSED", "STATUSES", "UNSUPPORTED", "WAIVED"]
