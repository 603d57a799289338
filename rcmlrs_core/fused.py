"""The compositions that a backend may replace by one kernel, and whose bits it then owes (N5).

A backend registers a kernel for one of these names with ``table.register_fused(name, kernel)``. The core asks for it
where the composition stands, with what is listed here, and runs the composition where a backend has none: each line of
the formula is one operation, rounded once. ``tests/optim/test_fused.py`` compares the two.

Operands are float32 buffers of one shape, and results too, as a tuple. Attributes are passed by name; numbers are
binary32, and None says that the lines with the number fall away, which is not the same as a number that is 0.
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
}
"""By name: the kernel's signature, and the formula."""
