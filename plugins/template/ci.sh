#!/bin/sh
# What continuous integration runs, and anyone before a commit: the backend is installed here, and right to the last bit.
set -eu
rcmlrs backends
rcmlrs conformance --backend template --contract 1 --level "${LEVEL:-standard}" --report report
rcmlrs verify report/certificate-template.jsonl
python -m pytest
