#!/bin/sh
# What continuous integration runs, and anyone before a commit: the backend is installed here, and right to the last bit.
set -eu
rcmlrs backends
rcmlrs conformance --backend template --level "${LEVEL:-standard}"
python -m pytest
