"""The namespace ``m`` that a ``binary64`` formula is written over, for arrays (its pure Python twin: numerics.rows)."""

from typing import Any

from rcmlrs_core.numerics.rows import FARTHEST

LEVELS = 9
"""How often numbers in [1/2, 2) are multiplied by each other before they are scaled again: 2^-512 to 2^512 come out."""


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
        return xp.where(largest == 0, xp.where(plus, 0.0, -0.0), largest)

    def cumsum(self, x: Any) -> Any:
        """The sums of the first 1, 2, ... elements of the rows, in any order."""
        return self._xp.cumulative_sum(x, axis=-1)

    def argsort(self, x: Any) -> Any:
        """The places of the elements of the rows in ascending order, which is stable; there is no NaN."""
        return self._xp.argsort(x, axis=-1, stable=True)

    def sort(self, x: Any) -> Any:
        """The elements of the rows in ascending order; there is no NaN."""
        return self._xp.sort(x, axis=-1)

    def frexp(self, x: Any) -> tuple[Any, Any]:
        """``(f, e)`` with x = f * 2^e and |f| in [1/2, 2); a zero, an infinity or a NaN stays, with any e.

        For x between 2^-1000 and 2^1000, by comparisons: the standard has no function for it.
        """
        where, e = self._xp.where, x * 0.0
        for power in (512, 256, 128, 64, 32, 16, 8, 4, 2, 1):
            size = self._xp.abs(x)
            up, down = size < 2.0**-power, size >= 2.0**power
            x = where(up, x * 2.0**power, where(down, x * 2.0**-power, x))
            e = where(up, e - power, where(down, e + power, e))
        return x, where(self._xp.isfinite(e), e, 0.0)

    def scaled(self, f: Any, e: Any) -> Any:
        """f * 2^e; rounded, that is what it is in binary32 also where e is beyond FARTHEST."""
        where = self._xp.where
        e = where(e > FARTHEST, float(FARTHEST), where(e < -FARTHEST, -float(FARTHEST), e))
        for power in (256, 128, 64, 32, 16, 8, 4, 2, 1):
            up, down = e >= power, e <= -power
            f = where(up, f * 2.0**power, where(down, f * 2.0**-power, f))
            e = where(up, e - power, where(down, e + power, e))
        return f

    def product(self, x: Any) -> tuple[Any, Any]:
        """The products of the rows as ``(f, e)``, f * 2^e: n - 1 roundings, and no overflow."""
        xp, level = self._xp, LEVELS - 2
        f, e = x, xp.sum(x[..., :1] * 0.0, axis=-1, keepdims=True)
        e = xp.where(e == 0, e, 0.0)
        # Of four binary32 numbers the product is between 2^-596 and 2^512 and needs no scaling before.
        while f.shape[-1] > 1:
            half, odd = divmod(f.shape[-1], 2)
            joined = f[..., :half] * f[..., half : 2 * half]
            f = xp.concat([joined, f[..., 2 * half :]], axis=-1) if odd else joined
            level += 1
            if level == LEVELS and f.shape[-1] > 1:
                f, step = self.frexp(f)
                e, level = e + xp.sum(step, axis=-1, keepdims=True), 0
        return f, e

    def products(self, x: Any) -> tuple[Any, Any]:
        """The products of the first 1, 2, ... elements of the rows as ``(f, e)``, f * 2^e: at most n - 1 roundings."""
        xp, level = self._xp, 0
        f, e = self.frexp(x)
        step, n = 1, x.shape[-1]
        while step < n:
            f = xp.concat([f[..., :step], f[..., step:] * f[..., : n - step]], axis=-1)
            e = xp.concat([e[..., :step], e[..., step:] + e[..., : n - step]], axis=-1)
            step, level = 2 * step, level + 1
            if level == LEVELS or step >= n:
                f, more = self.frexp(f)
                e, level = e + more, 0
        return f, e

    def other_products(self, x: Any) -> tuple[Any, Any]:
        """For each element the product of the others, as ``(f, e)``, f * 2^e: at most n - 1 roundings each."""
        xp = self._xp
        one = xp.ones_like(x[..., :1])
        before, before_e = self.products(xp.concat([one, x[..., :-1]], axis=-1))
        after, after_e = self.products(xp.concat([one, xp.flip(x[..., 1:], axis=-1)], axis=-1))
        return before * xp.flip(after, axis=-1), before_e + xp.flip(after_e, axis=-1)

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
