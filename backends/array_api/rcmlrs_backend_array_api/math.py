"""The namespace ``m`` that a ``binary64`` formula is written over, for arrays (its pure Python twin: numerics.rows)."""

from typing import Any


class ArrayMath:
    """The functions of numerics.rows over the arrays of ``xp``; rows are the last axis, which sums keep.

    What is not named here is the library's own function of that name (exp, log1p, tanh, where, ...).
    """

    def __init__(self, xp: Any) -> None:
        self._xp = xp

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._xp, name)
        setattr(self, name, function)  # found directly the next time
        return function

    def power(self, x: Any, y: Any) -> Any:
        """x to the y."""
        return self._xp.pow(x, y)

    def maximum(self, x: Any, y: Any) -> Any:
        """The larger; NaN if either is, +0 over -0 (N2.3). Libraries return either zero."""
        larger = self._xp.maximum(x, y)
        # Of two zeros the sum is +0 unless both are -0.
        return self._xp.where((x == 0) & (y == 0), x + y, larger) if _may_be_zero(y) else larger

    def minimum(self, x: Any, y: Any) -> Any:
        """The smaller; NaN if either is, -0 under +0 (N2.3)."""
        smaller = self._xp.minimum(x, y)
        return self._xp.where((x == 0) & (y == 0), -(-x - y), smaller) if _may_be_zero(y) else smaller

    def sum(self, x: Any) -> Any:
        """Along the rows, which keep length one."""
        return self._xp.sum(x, axis=-1, keepdims=True)

    def max(self, x: Any) -> Any:
        """Along the rows, which keep length one; NaN if any is, +0 over -0 (N2.3). Libraries return either zero."""
        xp = self._xp
        largest = xp.max(x, axis=-1, keepdims=True)
        if not xp.any(largest == 0):
            return largest
        plus = xp.any((x == 0) & ~xp.signbit(x), axis=-1, keepdims=True)
        zero = xp.zeros_like(largest)
        return xp.where(largest == 0, xp.where(plus, zero, -zero), largest)

    def outer(self, x: Any, y: Any) -> Any:
        """Every element of a row times every element of another, as one row of the products."""
        products = x[..., :, None] * y[..., None, :]
        return self._xp.reshape(products, (*x.shape[:-1], x.shape[-1] * y.shape[-1]))

    def with_diagonal(self, square: Any, diagonal: Any) -> Any:
        """Rows that are squares, with the diagonal replaced."""
        xp, n = self._xp, diagonal.shape[-1]
        matrix = xp.reshape(square, (*diagonal.shape, n))
        replaced = xp.where(xp.eye(n, dtype=xp.bool), diagonal[..., None], matrix)
        return xp.reshape(replaced, square.shape)


def _may_be_zero(y: Any) -> bool:
    return not isinstance(y, float | int) or y == 0
