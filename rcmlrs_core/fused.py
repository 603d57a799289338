"""The compositions that a backend may replace by one kernel, and whose bits it then owes (N5).

A backend registers a kernel for one of these names with ``table.register_fused(name, kernel)``. The core asks for it
where the composition stands, with what is listed here, and runs the composition where a backend has none: each line of
the formula is one operation, rounded once. The conformance suite compares the two, composition by composition.

Operands of an update are float32 buffers of one shape, and results too. Attributes are passed by name; numbers are
binary32, and None says that the lines with the number fall away, which is not the same as a number that is 0. A draw
(N8) has no operands: ``seed`` and ``stream`` are ints of 64 bits, and element i of ``shape`` has the number i in
row-major order. Results are a tuple of buffers, also of one.
"""

FUSED = {
    "adam_update": """kernel(p, g, m, v, *, lr, beta1, beta2, rest1, rest2, unbias1, unbias2, eps, weight_decay)
    -> p, m, v

        g = g + weight_decay * p                                  (falls away with None)
        m = beta1 * m + rest1 * g
        v = beta2 * v + rest2 * g^2
        p = p - lr * ((m / unbias1) / (sqrt(v / unbias2) + eps))
    """,
    "sgd_update": """kernel(p, g, *, lr, momentum, nesterov, weight_decay) -> p    without momentum (None)
    kernel(p, g, *, ...) -> p, b                                     with momentum, in the first step
    kernel(p, g, b, *, ...) -> p, b                                  and from then on

        g = g + weight_decay * p                                  (falls away with None)
        b = momentum * b + g                                      (b = g in the first step)
        g = g + momentum * b, if nesterov; otherwise g = b
        p = p - lr * g
    """,
    "random_uniform": """kernel(*, seed, stream, shape, start, factor) -> x    numbers are exact: fractions

        x = RN(start + factor * u)        u = t * 2^-24, t the top 24 bits of the first word of (seed, stream, i)
    """,
    "random_normal": """kernel(*, seed, stream, shape, start, factor) -> x    numbers are exact: fractions

        z = RN(quantile((t + 1/2) * 2^-24))    of the standard normal distribution
        x = RN(start + factor * z)             (x = z with 0 and 1)
    """,
    "random_bernoulli": """kernel(*, seed, stream, shape, below) -> x, bools

        x = t < below                     an int from 0 to 2^24
    """,
    "random_integers": """kernel(*, seed, stream, shape, start, count) -> x, int32

        x = start + floor((w0 * 2^32 + w1) * count / 2^64)    w0, w1 the first two words of (seed, stream, i)
    """,
    "random_permutation": """kernel(*, seed, stream, shape) -> x, int32, of shape (n,)

        x = the numbers i from 0 to before n, sorted by (w0 * 2^32 + w1, i)
    """,
}
"""By name: the kernel's signature, and the formula."""
