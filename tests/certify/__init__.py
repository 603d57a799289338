"""``make certify``: the native kernels of one argument against a second evaluation, on all 2^32 inputs.

The comparison itself is in Rust (``backends/native/certify``). Here are its driver, the oracle for what its intervals
leave open (Arb), and the hard cases that come out of it.
"""
