"""The namespace ``m`` that a ``binary64`` formula is written over, for arrays (its pure Python twin: numerics.rows)."""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.numerics.rows import FARTHEST

ERF = tuple(
    map(
        float.fromhex,
        (
            "0x1.20dd750429b6dp+0",
            "-0x1.812746b0379c1p-2",
            "0x1.ce2f21a040f66p-4",
            "-0x1.b82ce31203772p-6",
            "0x1.565bccfa44156p-8",
            "-0x1.c02db0665e53dp-11",
            "0x1.f9a2be4f731a1p-14",
            "-0x1.f4ca838adb73bp-17",
            "0x1.b981d78881a5dp-20",
            "-0x1.5c131500d3f88p-23",
            "0x1.d76af6ca49787p-27",
            "-0x1.ac9585a44fe29p-31",
        ),
    )
)
"""erf(x) = x P(x^2) for |x| <= 1, within 2^-54: the polynomial that meets it in the Chebyshev nodes of [0, 1], with its
coefficients rounded. ``tests/backends/test_array_api_math.py`` proves this bound and the next by enclosures."""

ERFC = tuple(
    map(
        float.fromhex,
        (
            "0x1.43cc6f6c9672cp+0",
            "-0x1.f52c5d7e222ffp-4",
            "-0x1.959ac16f857e9p-4",
            "0x1.42d379989b669p-3",
            "-0x1.a5c0c8a3fd923p-4",
            "0x1.0c6092a58e5dfp-5",
            "0x1.e89488dd7f744p-11",
            "-0x1.1f2f131219602p-8",
            "0x1.01e126789f19bp-11",
            "0x1.4b6a414fc8d27p-11",
            "-0x1.731f086f03782p-14",
            "-0x1.dc238fcea428dp-14",
            "0x1.a5ba6e705ddf1p-18",
            "0x1.7cb53fbd9e9c6p-16",
            "0x1.54ed14256714ep-19",
            "-0x1.1a200fc7dfd13p-18",
            "-0x1.7f40f1f8420bep-20",
            "0x1.1a2694b981dd9p-21",
            "0x1.613b18171b4f8p-22",
        ),
    )
)
"""erfc(a) = e^(-a^2) Q(t) / (1 + 2a) with t = (a - c) / (a + c) for a in [1/2, 11], within 2^-53: likewise. The form
is that of M. Shepherd, J. Laframboise, Chebyshev approximation of (1 + 2x) exp(x^2) erfc x, Math. Comp. 36 (1981)."""

CENTRE, LARGEST = 2.5, 11.0
"""c of ERFC; and where it ends: erfc(11) < 2^-178."""

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

    def exp2(self, x: Any) -> Any:
        """2 to the x: the library's own, or a power."""
        exp2 = getattr(self._xp, "exp2", None)
        return exp2(x) if exp2 else self._xp.pow(self._xp.full_like(x, 2.0), x)

    def cbrt(self, x: Any) -> Any:
        """The real cube root: the library's own, or the power, within 28 units of 2^-53 for a binary32 x.

        1/3 in binary64 is off by 2^-54/3, which times |log x| <= 104 is less than 18 units; the power is within 8.
        """
        xp = self._xp
        cbrt = getattr(xp, "cbrt", None)
        if cbrt:
            return cbrt(x)
        root = xp.pow(xp.abs(x), xp.full_like(x, 1 / 3))
        return xp.where(x < 0, -root, xp.where(x == 0, x, root))

    def erf(self, x: Any) -> Any:
        """The error function, within 6 units of 2^-53 for a binary32 x, whose square is exact.

        Below 1, x P(x^2): 1 of P, 4 of Horner's rule (the sum of (2i + 1) |c_i| is below 3.1, P above 0.84), 1 of the
        product. From there on 1 - erfc: 16 units of an erfc that is at most 0.19 of erf, and 1.
        """
        xp = self._xp
        small, tail = _erf_below_one(x), self._erfc_from_half(x)
        return xp.where(xp.abs(x) < 1.0, small, xp.where(x < 0, tail - 1.0, 1.0 - tail))

    def erfc(self, x: Any) -> Any:
        """1 - erf(x) without its loss, within 16 units of 2^-53 for a binary32 x.

        Below 1/2, 6 units of an erf that is at most 1.1 of erfc, and 1. Left of -1 it is 2 - erfc(-x).
        """
        xp = self._xp
        small, tail = _erf_below_one(x), self._erfc_from_half(x)
        return xp.where(x < 0.5, xp.where(x > -1.0, 1.0 - small, 2.0 - tail), tail)

    def _erfc_from_half(self, x: Any) -> Any:
        """erfc(|x|) for |x| >= 1/2, within 16 units; of 11 where |x| is larger. Elsewhere it is some number.

        8 of exp, 1 of Q, 2 of Horner's rule (the sum of (2i + 1) |c_i t^i| is below 2 Q), 1.1 of t (which errs by 3,
        and the sum of i |c_i t^i| is below 0.36 Q), and 3 of 1 + 2a, the product and the quotient.
        """
        a = self.minimum(self._xp.abs(x), LARGEST)
        return self._xp.exp(-(a * a)) * _horner(ERFC, (a - CENTRE) / (a + CENTRE)) / (1.0 + 2.0 * a)

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
        if x.dtype != xp.float64 or not xp.any(largest == 0):
            return largest
        plus = xp.any((x == 0) & ~xp.signbit(x), axis=-1, keepdims=True)
        zero = xp.zeros_like(largest)
        return xp.where(largest == 0, xp.where(plus, zero, -zero), largest)

    def cumsum(self, x: Any) -> Any:
        """The sums of the first 1, 2, ... elements of the rows, in any order."""
        return self._xp.cumulative_sum(x, axis=-1)

    def argsort(self, x: Any) -> Any:
        """The places of the elements of the rows in ascending order; equal ones stay in theirs, and there is no NaN."""
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

    def whole_product(self, x: Any) -> Any:
        """The products of rows of int32 numbers in int64; where one is no int32, something that is none either."""
        xp = self._xp
        if not x.shape[-1]:
            return xp.ones((*x.shape[:-1], 1), dtype=x.dtype)
        while x.shape[-1] > 1:
            half, odd = divmod(x.shape[-1], 2)
            joined = self._clipped(x[..., :half] * x[..., half : 2 * half])
            x = xp.concat([joined, x[..., 2 * half :]], axis=-1) if odd else joined
        return x

    def whole_products(self, x: Any) -> Any:
        """The products of the first 1, 2, ... elements, likewise."""
        step, n = 1, x.shape[-1]
        while step < n:
            x = self._xp.concat([x[..., :step], self._clipped(x[..., step:] * x[..., : n - step])], axis=-1)
            step *= 2
        return x

    def _clipped(self, x: Any) -> Any:
        """What is no int32 becomes +-(2^31 + 1): a product with another integer but 0 is no int32 either, and fits."""
        return self._xp.minimum(self._xp.maximum(x, -(2**31) - 1), 2**31 + 1)

    def argmax(self, x: Any) -> Any:
        """The place of the largest integer of each row, the first one among equals."""
        return self._xp.argmax(x, axis=-1, keepdims=True)

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


def _erf_below_one(x: Any) -> Any:
    return x * _horner(ERF, x * x)


def _horner(coefficients: Sequence[float], x: Any) -> Any:
    """The polynomial with these coefficients, the constant first."""
    value = coefficients[-1] * x + coefficients[-2]
    for coefficient in coefficients[-3::-1]:
        value = value * x + coefficient
    return value


def _may_be_zero(y: Any) -> bool:
    return not isinstance(y, float | int) or y == 0
