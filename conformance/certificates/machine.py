"""What a run ran on: versions, processor, and the environment that matters. No paths, and no whole environment."""

import os
import platform
import re
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, entry_points, packages_distributions, version
from pathlib import Path

LIBRARIES = {
    "numpy": "numpy",
    "array_api_strict": "array-api-strict",
    "array_api_compat": "array-api-compat",
    "jax": "jax",
    "jaxlib": "jaxlib",
    "torch": "torch",
    "cupy": "cupy",
    "dask": "dask",
    "mpmath": "mpmath",
}
"""Libraries that compute, by the names of their packages."""

FLAGS = ("sse2", "avx2", "fma", "avx512f", "asimd", "sve")
"""Instructions that kernels choose by."""

VARIABLES = re.compile(
    r"RCMLRS_\w+|OMP_\w+|(?:OPENBLAS|MKL|BLIS|VECLIB|NUMEXPR|TBB|GOTO)_\w+|XLA_FLAGS|JAX_\w+|TF32_\w*|NVIDIA_TF32_\w+"
    r"|CUDA_VISIBLE_DEVICES|NPY_DISABLE_CPU_FEATURES|NPY_ENABLE_CPU_FEATURES|PYTHONHASHSEED|PYTHONOPTIMIZE"
)
"""What can change how something is computed."""

PATH = re.compile(r"(?<![\w/.:<~-])(?:/|[A-Za-z]:[\\/])(?:[^\s/\\'\",;:()<>]+[\\/])+([^\s/\\'\",;:()<>]*)")


def without_paths(text: str) -> str:
    """Text in which of an absolute path only the last name is left: whose machine it was is nobody's business."""
    return PATH.sub(r".../\1", text)


def libraries() -> dict[str, str]:
    """The versions of those libraries that are installed."""
    found = {}
    for package, distribution in LIBRARIES.items():
        with suppress(PackageNotFoundError):
            found[package] = version(distribution)
    return found


def distribution(backend: str) -> str:
    """The distribution that a backend comes from, with its version, where that is known."""
    for point in entry_points(group="rcmlrs.backends"):
        if point.name == backend and point.dist:
            return f"{point.dist.name} {point.dist.version}"
    module, colon, _ = backend.partition(":")
    owners = packages_distributions().get(module.partition(".")[0], []) if colon else []
    return f"{owners[0]} {version(owners[0])}" if owners else ""


def environment() -> dict[str, str]:
    """The variables that matter, in order."""
    return {key: without_paths(os.environ[key]) for key in sorted(os.environ) if VARIABLES.fullmatch(key)}


def system() -> str:
    """The operating system and the kind of machine."""
    return f"{platform.system()} {platform.release()} {platform.machine()}"


def python() -> str:
    """Which Python this is."""
    return f"{platform.python_implementation()} {platform.python_version()}"


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> tuple[str, tuple[str, ...]]:
    """The model of the processor, and which of :data:`FLAGS` it has."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine(), ()
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", text, re.MULTILINE)
    there = set(flags[1].split()) if flags else set()
    return model[1].strip() if model else platform.machine(), tuple(flag for flag in FLAGS if flag in there)
