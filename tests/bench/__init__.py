"""The benchmarks: ``python -m tests.bench``, or ``make bench``. Nothing here is a test, and no time is asserted.

Each case is measured beside a peer, in pairs that alternate, so that what a noisy machine does to one it does to the
other: what counts is the ratio of a pair, told as the median and the quartiles over all pairs.
"""
