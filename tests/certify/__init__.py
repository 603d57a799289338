"""``make certify``: the native kernels of one argument against a second evaluation, on all 2^32 inputs.

* ``backends/native/certify``: the comparison itself, in Rust. The intervals and the proofs of their bounds are there.
* ``rcmlrs_conformance.judge``: Arb, for what the intervals leave open. ``run``: one function; ``certificate``: what is
  kept of it.
* ``rcmlrs_conformance.corpus``: the inputs nearest to a midpoint, which come out of it and go to every backend.
* ``sources``: what a certificate is of, so that one of other sources is noticed.

On two idle Zen 5 cores a function takes half a minute to a minute at the level that is compared, and less at each of
the others, where a digest is enough. ``--sabotage NAME:HEX`` shows it fail. After an edit of one function,
``python -m tests.certify --functions NAME`` renews its row.
"""
