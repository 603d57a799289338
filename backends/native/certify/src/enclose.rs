//! The second evaluation: every function of one argument as an interval of binary64 that encloses the exact value.
//!
//! Each function below states its formula, in which the specification's is easily recognised, and how the bound follows
//! from [`crate::elementary`]'s. An interval is (value, radius), and every radius is wider than it must be by [`SLACK`].
//!
//! Arguments are finite and not at a point that [`Enclosed::special`] answers.

use crate::elementary::{U, exp, expm1, log, log_of_one_and, log1p};

/// The one NaN.
pub const NAN: u32 = 0x7fc0_0000;
const INFINITY: u32 = 0x7f80_0000;
const SIGN: u32 = 0x8000_0000;
const ONE: u32 = 0x3f80_0000;
const HALF: u32 = 0x3f00_0000;
const QUARTER: u32 = 0x3e80_0000;

/// A function and its interval.
pub trait Enclosed {
    /// The result's bits where they are exact or a limit by specification: at zeros, infinities, NaN, poles and where
    /// there is no function.
    fn special(bits: u32) -> Option<u32>;

    /// The centre and the radius of an interval that encloses the function at any other `x`.
    fn enclose(x: f64) -> (f64, f64);
}

/// What a function has at -inf, at -0, at +0 and at +inf.
fn at(bits: u32, [minus_infinity, minus_zero, zero, infinity]: [u32; 4]) -> Option<u32> {
    match bits {
        SIGN => Some(minus_zero),
        0 => Some(zero),
        INFINITY => Some(infinity),
        0xff80_0000 => Some(minus_infinity),
        _ if bits & !SIGN > INFINITY => Some(NAN),
        _ => None,
    }
}

/// |x|, and no more than `most`.
#[inline(always)]
fn magnitude(x: f64, most: f64) -> f64 {
    let size = f64::from_bits(x.to_bits() & !(1 << 63));
    if size < most { size } else { most }
}

#[inline(always)]
fn clamp(x: f64, least: f64, most: f64) -> f64 {
    let x = if x < most { x } else { most };
    if x > least { x } else { least }
}

#[inline(always)]
fn with_sign(size: f64, x: f64) -> f64 {
    f64::from_bits(size.to_bits() | x.to_bits() & 1 << 63)
}

/// Units of 2^-53 that every radius has beyond its bound. Two are for the rounding of the interval's ends; the others leave
/// some tens of inputs more to Arb than need be, so that those nearest to a midpoint are among them: the hard cases.
const SLACK: f64 = 64.0;

/// `n` units of 2^-53 of `of`, and the slack.
#[inline(always)]
fn units(n: f64, of: f64) -> f64 {
    (n + SLACK) * U * magnitude(of, f64::INFINITY)
}

/// s(v) and s(-v) for the logistic function s, v within [-300, 300] and exact: each within **10 u**.
///
/// With e = e^-|v| they are 1 / (1 + e) and e / (1 + e): the 8 u of e, a sum and a quotient.
#[inline(always)]
fn logistic(v: f64) -> (f64, f64) {
    let e = exp(-magnitude(v, f64::INFINITY));
    let (large, small) = (1.0 / (1.0 + e), e / (1.0 + e));
    if v < 0.0 { (small, large) } else { (large, small) }
}

/// For odd multiples of 2^-149 that are halved: x/2 is a midpoint, and the exact value lies above it by less than x^2,
/// which is below 2^-250 for |x| < 2^-125. Numbers and midpoints of binary32 are multiples of 2^-150, as is x/2: so that
/// the exact value and this interval, of which both ends are above x/2 by less than 2^-42 |x| < 2^-167, lie in one open
/// interval without any of them between, and round to the same number.
#[inline(always)]
fn just_above_half(x: f64, (value, radius): (f64, f64)) -> (f64, f64) {
    const TINY: f64 = f64::from_bits((1023 - 125) << 52);
    const ABOVE: f64 = f64::from_bits((1023 - 44) << 52);
    let size = magnitude(x, f64::INFINITY);
    let tiny = size < TINY;
    (if tiny { 0.5 * x + ABOVE * size } else { value }, if tiny { 0.5 * ABOVE * size } else { radius })
}

/// e^x.
pub struct Exp;
impl Enclosed for Exp {
    fn special(bits: u32) -> Option<u32> {
        at(bits, [0, ONE, ONE, INFINITY])
    }

    /// Beyond 200 in magnitude, e^x and e^200 or e^-200 round alike, to infinity or +0.
    #[inline(always)]
    fn enclose(x: f64) -> (f64, f64) {
        let y = exp(clamp(x, -200.0, 200.0));
        (y, units(8.0, y))
    }
}

/// e^x - 1.
pub struct Expm1;
impl Enclosed for Expm1 {
    fn special(bits: u32) -> Option<u32> {
        at(bits, [ONE | SIGN, SIGN, 0, INFINITY])
    }

    /// Beyond 200 as for exp; e^-200 is far below u.
    #[inline(always)]
    fn enclose(x: f64) -> (f64, f64) {
        let y = expm1(clamp(x, -200.0, 200.0));
        (y, units(9.0, y))
    }
}

/// log x.
pub struct Log;
impl Enclosed for Log {
    fn special(bits: u32) -> Option<u32> {
        match bits {
            0 | SIGN => Some(INFINITY | SIGN),
            ONE => Some(0),
            INFINITY => Some(INFINITY),
            _ if bits > INFINITY => Some(NAN),
            _ => None,
        }
    }

    #[inline(always)]
    fn enclose(x: f64) -> (f64, f64) {
        let y = log(x);
        (y, units(10.0, y))
    }
}

/// log(1 + x).
pub struct Log1p;
impl Enclosed for Log1p {
    fn special(bits: u32) -> Option<u32> {
        match bits {
            0 | SIGN | INFINITY => Some(bits),
            0xbf80_0000 => Some(INFINITY | SIGN),
            _ if bits > 0xbf80_0000 || bits & !SIGN > INFINITY => Some(NAN),
            _ => None,
        }
    }

    #[inline(always)]
    fn enclose(x: f64) -> (f64, f64) {
        let y = log1p(x);
        (y, units(12.0, y))
    }
}

/// 1 / (1 + e^-x).
pub struct Sigmoid;
impl Enclosed for Sigmoid {
    fn special(bits: u32) -> Option<u32> {
        at(bits, [0, HALF, HALF, ONE])
    }

    /// Beyond 200 in magnitude it rounds to +0 or 1, as at 200.
    #[inline(always)]
    fn enclose(x: f64) -> (f64, f64) {
        let (y, _) = logistic(clamp(x, -200.0, 200.0));
        (y, units(11.0, y))
    }
}

/// e / (1 + e)^2 with e = e^-v, v in [0, 300]: within **12 u**, of which e has 8, the sum 2, product and quotient 1 each.
#[inline(always)]
fn bell(v: f64) -> f64 {
    let e = exp(-v);
    e / ((1.0 + e) * (1.0 + e))
}

/// s(x) s(-x) = e^-|x| / (1 + e^-|x|)^2.
pub struct SigmoidDerivative;
impl Enclosed for SigmoidDerivative {
    fn special(bits: u32) -> Option<u32> {
        at(bits, [0, QUARTER, QUARTER, 0])
    }

    /// Beyond 200 in magnitude it rounds to +0, as at 200.
    #[inline(always)]
    fn enclose(x: f64) -> (f64, f64) {
        let y = bell(magnitude(x, 200.0));
        (y, units(13.0, y))
    }
}

/// m / (m + 2) with m = e^(2|x|) - 1, and the sign of x.
pub struct Tanh;
impl Enclosed for Tanh {
    fn special(bits: u32) -> Option<u32> {
        at(bits, [ONE | SIGN, SIGN, 0, ONE])
    }

    /// The 8 u of m count 2 / (m + 2) <= 1, sum and quotient once each. Beyond 100 it is off 1 by less than u^2.
    #[inline(always)]
    fn enclose(x: f64) -> (f64, f64) {
        let m = expm1(2.0 * magnitude(x, 100.0));
        let y = m / (m + 2.0);
        (with_sign(y, x), units(11.0, y))
    }
}

/// 1 - tanh(x)^2 = 4 e / (1 + e)^2 with e = e^(-2|x|).
pub struct TanhDerivative;
impl Enclosed for TanhDerivative {
    fn special(bits: u32) -> Option<u32> {
        at(bits, [0, ONE, ONE, 0])
    }

    /// Beyond 100 in magnitude it rounds to +0, as at 100.
    #[inline(always)]
    fn enclose(x: f64) -> (f64, f64) {
        let y = 4.0 * bell(2.0 * magnitude(x, 100.0));
        (y, units(13.0, y))
    }
}

/// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|).
pub struct Softplus;
impl Enclosed for Softplus {
    fn special(bits: u32) -> Option<u32> {
        const LOG_OF_2: u32 = 0x3f31_7218; // 0.69314718..., 2^-25.6 from the exact value
        at(bits, [0, LOG_OF_2, LOG_OF_2, INFINITY])
    }

    /// 30 u of the logarithm and the sum of two numbers that are not negative. Beyond 200, log(1 + e^-|x|) is too
    /// small to tell, and below -200 rounds to +0, as at -200.
    #[inline(always)]
    fn enclose(x: f64) -> (f64, f64) {
        let y = (if x > 0.0 { x } else { 0.0 }) + log_of_one_and(exp(-magnitude(x, 200.0)));
        (y, units(31.0, y))
    }
}

/// x s(x).
pub struct Swish;
impl Enclosed for Swish {
    fn special(bits: u32) -> Option<u32> {
        at(bits, [SIGN, SIGN, 0, INFINITY])
    }

    /// x s(x) = x/2 + x/2 tanh(x/2), and 0 < x tanh(x/2) < x^2. Below -200 it rounds to -0, as at -200; above 200,
    /// s(x) is off 1 by less than u^2.
    #[inline(always)]
    fn enclose(x: f64) -> (f64, f64) {
        let (s, _) = logistic(clamp(x, -200.0, 200.0));
        let y = clamp(x, -200.0, f64::MAX) * s;
        just_above_half(x, (y, units(12.0, y)))
    }
}

/// s(x) (1 + x s(-x)).
pub struct SwishDerivative;
impl Enclosed for SwishDerivative {
    fn special(bits: u32) -> Option<u32> {
        at(bits, [SIGN, HALF, HALF, ONE])
    }

    /// With w = x s(-x): w is within 11 u, so the product is off by 11 u |w| + u |1 + w| + 11 u |1 + w| times s(x), at most
    /// 23 u s(x) (1 + |w|). Beyond 200 it is off 1 by less than u^2 above, and negative and below 2^-200 below, as at
    /// -200.
    #[inline(always)]
    fn enclose(x: f64) -> (f64, f64) {
        let x = clamp(x, -200.0, 200.0);
        let (s, of_minus) = logistic(x);
        let w = x * of_minus;
        (s * (1.0 + w), units(24.0, s * (1.0 + magnitude(w, f64::MAX))))
    }
}

/// 2 sqrt(2/pi), within u.
const TWO_SQRT_2_OVER_PI: f64 = f64::from_bits(0x3ff9_8845_33d4_3651);

/// v = 2 sqrt(2/pi) (x + 0.044715 x^3), so that gelu(x) = x s(v): within **7 u** (two constants, three products, a sum;
/// x^2 is exact).
#[inline(always)]
fn inner(x: f64) -> f64 {
    TWO_SQRT_2_OVER_PI * (x * (1.0 + 0.044715 * (x * x)))
}

/// x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) = x s(v).
pub struct Gelu;
impl Enclosed for Gelu {
    fn special(bits: u32) -> Option<u32> {
        at(bits, [SIGN, SIGN, 0, INFINITY])
    }

    /// A relative error d of v is one of |v| s(-v) d of s(v): 7 |v| s(-v), to which 10 of s and the product come; 8 |v|
    /// s(-v) covers the rounding of that itself, and the second order, which is (2100 u)^2. Below -15 it is negative and
    /// below 2^-300, as at -15, and rounds to -0; above 15, s is off 1 by less than u^2.
    ///
    /// x s(v) = x/2 + x/2 tanh(v/2), and 0 < x tanh(v/2) < x^2 for |x| < 1/2.
    #[inline(always)]
    fn enclose(x: f64) -> (f64, f64) {
        let v = inner(clamp(x, -15.0, 15.0));
        let (s, of_minus) = logistic(v);
        let y = clamp(x, -15.0, f64::MAX) * s;
        just_above_half(x, (y, units(12.0 + 8.0 * magnitude(v, f64::MAX) * of_minus, y)))
    }
}

/// s(v) (1 + x v' s(-v)) with v' = 2 sqrt(2/pi) (1 + 3 * 0.044715 x^2).
pub struct GeluDerivative;
impl Enclosed for GeluDerivative {
    fn special(bits: u32) -> Option<u32> {
        at(bits, [SIGN, HALF, HALF, ONE])
    }

    /// s(v) is within 10 + 7 |v| s(-v), s(-v) within 10 + 7 |v| s(v), and w = x v' s(-v) within 7 more: two constants,
    /// two products and a sum of v', two products. Relative to s(v) (1 + |w|), the sum of all and of the last sum and
    /// product is 10 + 17 + 2 + 7 |v| (s(v) + s(-v)) = 29 + 7 |v|; 8 |v| covers what gelu's does. Beyond 15 in
    /// magnitude, |w s(v)| < 300 e^-|v| < 2^-300: it is 1 to u^2 above, and rounds to -0 below, as at 15.
    #[inline(always)]
    fn enclose(x: f64) -> (f64, f64) {
        let x = clamp(x, -15.0, 15.0);
        let v = inner(x);
        let (s, of_minus) = logistic(v);
        let w = x * (TWO_SQRT_2_OVER_PI * (1.0 + 0.134145 * (x * x))) * of_minus;
        let scale = s * (1.0 + magnitude(w, f64::MAX));
        (s * (1.0 + w), units(30.0 + 8.0 * magnitude(v, f64::MAX), scale))
    }
}
