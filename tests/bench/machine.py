"""What the figures were measured on."""

import os
import platform
from pathlib import Path

from rcmlrs_backend_numpy.probes import about

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def description() -> dict[str, str]:
    """Names and values, to print and to keep."""
    processor, flags = _processor()
    chosen = [f"{name}={os.environ[name]}" for name in THREADS if name in os.environ]
    return {
        "processor": processor,
        "cores": str(len(_cores())),
        "SIMD": ", ".join(flag for flag in ("avx2", "avx512f", "neon", "asimd", "sve") if flag in flags) or "unknown",
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown",
        "NumPy": about(),
        "threads": " ".join(chosen) or "as many as the BLAS takes",
        "Python": f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}",
    }


def _cores() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def _processor() -> tuple[str, list[str]]:
    """The name and the flags, where the system tells them."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine(), []
    told = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name = told.get("model name") or platform.processor() or platform.machine()
    details = [f"{key} {told[key]}" for key in ("cpu family", "model", "stepping") if key in told]
    return ", ".join([name, *details]), told.get("flags", told.get("Features", "")).split()
