"""The packages of the distribution and the folders that they live in; everything else is in pyproject.toml.

No package called ``backends`` or ``conformance`` lands in anyone's site-packages: each folder is mapped to a
proper import name here, and its subpackages are found, so a new one needs no entry.
"""

from setuptools import find_packages, setup

FOLDERS = {
    "rcmlrs_core": "rcmlrs_core",
    "rcmlrs_backend_python": "backends/python/rcmlrs_backend_python",
    "rcmlrs_backend_numpy": "backends/numpy/rcmlrs_backend_numpy",
    "rcmlrs_backend_native": "backends/native/rcmlrs_backend_native",
    "rcmlrs_backend_array_api": "backends/array_api/rcmlrs_backend_array_api",
    "rcmlrs_conformance": "conformance",
}

setup(
    packages=[
        name
        for package, folder in FOLDERS.items()
        for name in (package, *(f"{package}.{subpackage}" for subpackage in find_packages(folder)))
    ],
    package_dir=FOLDERS,
)
