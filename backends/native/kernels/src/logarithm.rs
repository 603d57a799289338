//! The natural logarithm, in vectors of binary64 and in double-double. u = 2^-53.
//!
//! A number is m 2^k with m in [sqrt(1/2), sqrt 2), and with f = m - 1 and s = f / (2 + f) the logarithm is
//! `k log 2 + log((1 + s) / (1 - s)) = k log 2 + 2 s + s w P(w)`, w = s^2 <= 0.02944 (the reduction is that of Sun's
//! fdlibm, `e_log.c`, 1993). Next to 1, k is 0 and f is exact: nothing cancels, and the error is relative to the
//! logarithm however small it is.

use crate::double::Double;
use crate::simd::Simd;

/// Bounds the relative error of [`log`] and [`log1p`], in units of u.
///
/// f = (m - 1) + l is a subtraction that is exact (Sterbenz) and one rounding; 2 + f and the quotient round once more: s
/// errs by 3.2 u, and so does 2 s. s w P(w) errs by less than 20 u, that of `SERIES` included, and is less than
/// w / 2.99 < 0.0099 of 2 s: 0.2 u. The sum adds 1 u; k = 0 ends here with 4.5 u. Otherwise |log m| is at most log(2) / 2,
/// and so at most as large as the result, k times the high part of log 2 is exact (41 and 11 bits), and what the low
/// part adds to the rounded sum is at most 2^-31: 1 u for the last sum, and less than 0.1 u for the rest.
pub const BOUND: f64 = 7.0;

/// P(w) = (log((1 + s) / (1 - s)) / s - 2) / w by interpolation in the Chebyshev nodes of [0, 0.02944], coefficients
/// rounded: off by at most 2^-54.5, which is 2^-60.6 of the logarithm.
const SERIES: [f64; 8] = [
    0.6666666666666666,
    0.4000000000000088,
    0.28571428570803614,
    0.2222222239171392,
    0.1818179564013282,
    0.15386239702819343,
    0.13268773138531442,
    0.13086626149151975,
];

/// The same for w in [0, 1/9]: off by at most 2^-52.2 of the logarithm.
const FRACTION_SERIES: [f64; 9] = [
    0.6666666666666697,
    0.39999999999560126,
    0.28571428676661,
    0.22222212557929655,
    0.18182261108422004,
    0.1537327487631088,
    0.13502342472298126,
    0.1032266926728203,
    0.16870700668831987,
];

/// log 2 = `LN2_HIGH + LN2_LOW` within 2^-102; the last 12 bits of the high part are zero.
const LN2_HIGH: f64 = 0.693147180559663;
const LN2_LOW: f64 = 2.8235290563031577e-13;

/// The bits of 1, and of the binary64 number next to sqrt(1/2).
const ONE: i64 = 0x3ff0_0000_0000_0000;
const ROOT: i64 = 0x3fe6_a09e_667f_3bcd;

const FRACTION: i64 = 0x000f_ffff_ffff_ffff;

/// `(k, m, k + 1023)` with z = m 2^k; z is normal, positive and finite.
#[inline(always)]
fn split<S: Simd>(s: S, z: S::F64) -> (S::F64, S::F64, S::I64) {
    let shifted = s.add_i64(s.bits(z), s.splat_i64(ONE - ROOT));
    let biased = s.shr_i64::<52>(shifted);
    // An integer in the last bits of 2^52, from which 2^52 is taken off again.
    let k = s.sub(s.from_bits(s.or_i64(biased, s.splat_i64(0x4330_0000_0000_0000))), s.splat(2f64.powi(52) + 1023.0));
    let m = s.from_bits(s.add_i64(s.and_i64(shifted, s.splat_i64(FRACTION)), s.splat_i64(ROOT)));
    (k, m, biased)
}

/// `k log 2 + log(1 + f)`.
#[inline(always)]
fn of_parts<S: Simd>(s: S, k: S::F64, f: S::F64) -> S::F64 {
    let quotient = s.div(f, s.add(f, s.splat(2.0)));
    let square = s.mul(quotient, quotient);
    let rest = s.mul(s.mul(quotient, square), polynomial(s, square, SERIES));
    let low = s.add(s.fma(k, s.splat(LN2_LOW), rest), s.add(quotient, quotient));
    s.fma(k, s.splat(LN2_HIGH), low)
}

/// `c[0] + c[1] x + ...` in pairs, which shortens the chain of operations that wait for each other.
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(s: S, x: S::F64, c: [f64; N]) -> S::F64 {
    let square = s.mul(x, x);
    let mut i = (N - 1) / 2 * 2;
    let mut sum = s.splat(c[i]);
    if i + 1 < N {
        sum = s.fma(s.splat(c[i + 1]), x, sum);
    }
    while i > 0 {
        i -= 2;
        sum = s.fma(sum, square, s.fma(s.splat(c[i + 1]), x, s.splat(c[i])));
    }
    sum
}

/// log z within [`BOUND`], for a z that is normal, positive and finite; +0 at 1. Elsewhere some number, or NaN.
#[inline(always)]
pub fn log<S: Simd>(s: S, z: S::F64) -> S::F64 {
    let (k, m, _) = split(s, z);
    of_parts(s, k, s.sub(m, s.splat(1.0)))
}

/// log(1 + x) within [`BOUND`], for x in (-1, 2^1000); 0 at either zero. Elsewhere some number, or NaN.
#[inline(always)]
pub fn log1p<S: Simd>(s: S, x: S::F64) -> S::F64 {
    let (high, low) = s.two_sum(s.splat(1.0), x);
    of_sum(s, high, low)
}

/// `y` for x in (pole, inf); -inf at the pole, inf at inf, and NaN elsewhere.
#[inline(always)]
pub fn or_limit<S: Simd>(s: S, x: S::F64, pole: S::F64, y: S::F64) -> S::F64 {
    let infinity = s.splat(f64::INFINITY);
    let limit = s.select(s.eq(x, infinity), infinity, s.splat(f64::NAN));
    let limit = s.select(s.eq(x, pole), s.neg(infinity), limit);
    s.select(s.and_mask(s.lt(pole, x), s.lt(x, infinity)), y, limit)
}

/// log(1 + x) within [`BOUND`] for x in [0, 1], faster: there is no power of two to be split off.
///
/// s errs by 2 u, s w P(w) by 11 u of what is at most 0.053 of 2 s, `FRACTION_SERIES` by 1.7 u, and the sum by 1 u.
#[inline(always)]
pub fn log1p_of_fraction<S: Simd>(s: S, x: S::F64) -> S::F64 {
    let quotient = s.div(x, s.add(x, s.splat(2.0)));
    let square = s.mul(quotient, quotient);
    let series = polynomial(s, square, FRACTION_SERIES);
    s.fma(s.mul(quotient, square), series, s.add(quotient, quotient))
}

/// log(high + low), where low is at most half an ulp of high.
#[inline(always)]
fn of_sum<S: Simd>(s: S, high: S::F64, low: S::F64) -> S::F64 {
    let (k, m, biased) = split(s, high);
    let down = s.from_bits(s.shl_i64::<52>(s.sub_i64(s.splat_i64(2046), biased))); // 2^-k
    of_parts(s, k, s.fma(low, down, s.sub(m, s.splat(1.0))))
}

/// Bounds the relative error of [`log_double`] and [`log1p_double`].
///
/// In units of u^2: f is exact, 2 + f errs by 2 and the quotient by 15, so 2 s by 18. s w Q(w) errs by less than 200 and
/// is 0.0099 of 2 s, and the sum adds 3: 23. Then k log 2 errs by 3 of at most twice the result, and the sum by 3: 32,
/// which is 2^-101. Where log1p rounds 1 + x, x is at least 0.4, and 2 u^2 of the sum are 9 u^2 of its logarithm.
pub const DOUBLE_BOUND: f64 = 1.0 / (1u128 << 99) as f64;

const LN2: Double = Double::new(std::f64::consts::LN_2, 2.3190468138462996e-17);

/// 2 / 3, 2 / 5, ..., 2 / 19: the beginning of Q(w), the series of which P is the approximation.
const HEAD: [Double; 9] = [
    Double::new(0.6666666666666666, 3.700743415417188e-17),
    Double::new(0.4, -2.2204460492503132e-17),
    Double::new(0.2857142857142857, 1.586032892321652e-17),
    Double::new(0.2222222222222222, 1.2335811384723961e-17),
    Double::new(0.18181818181818182, -5.046468293750712e-18),
    Double::new(0.15384615384615385, -8.540177112501205e-18),
    Double::new(0.13333333333333333, 1.8503717077085942e-18),
    Double::new(0.11764705882352941, 1.6326809185664067e-18),
    Double::new(0.10526315789473684, 5.843279076974508e-18),
];

/// 2 / 21 to 2 / 41: w^10 and beyond, of which binary64 loses less than 2^-106 of the sum. What is left out is less than
/// 2^-111.
const TAIL: [f64; 11] = [
    2.0 / 21.0,
    2.0 / 23.0,
    2.0 / 25.0,
    2.0 / 27.0,
    2.0 / 29.0,
    2.0 / 31.0,
    2.0 / 33.0,
    2.0 / 35.0,
    2.0 / 37.0,
    2.0 / 39.0,
    2.0 / 41.0,
];

fn of_parts_double(k: f64, f: Double) -> Double {
    let quotient = f / (f + 2.0);
    let square = quotient * quotient;
    let tail = TAIL.iter().rev().fold(0.0, |sum, c| sum * square.hi + c);
    let series = HEAD.iter().rev().fold(Double::from(tail), |sum, &c| sum * square + c);
    let log = quotient * square * series + quotient * 2.0;
    if k == 0.0 { log } else { LN2 * k + log }
}

/// log z within [`DOUBLE_BOUND`], for a z that is normal, positive and finite; exactly 0 at 1.
pub fn log_double(z: Double) -> Double {
    let shifted = z.hi.to_bits() as i64 + (ONE - ROOT);
    let k = (shifted >> 52) - 1023;
    let m = f64::from_bits(((shifted & FRACTION) + ROOT) as u64);
    // |k| <= 1022, and where 2^-k is subnormal it is exact all the same.
    let low = z.lo * 2f64.powi(-(k as i32));
    of_parts_double(k as f64, Double::sum(m - 1.0, low))
}

/// log(1 + x) within [`DOUBLE_BOUND`], for x > -1.
///
/// x is a binary32 number, or a `Double` that is not negative: then 1 + x loses nothing that counts.
pub fn log1p_double(x: Double) -> Double {
    if x.hi.abs() < 0.4 { of_parts_double(0.0, x) } else { log_double(x + 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Kernel, Level, dispatch};

    struct Log<'a>(&'a [f64]);

    /// The largest error in units of u, beside double-double.
    impl Kernel for Log<'_> {
        type Output = (f64, f64);
        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> (f64, f64) {
            let (mut worst, mut worst1p) = (0f64, 0f64);
            let mut found = [0.0; 16];
            for &z in self.0 {
                s.store(log(s, s.splat(z)), &mut found);
                worst = worst.max(off(found[0], log_double(Double::from(z))));
                let exact = log1p_double(Double::from(z));
                s.store(log1p(s, s.splat(z)), &mut found);
                worst1p = worst1p.max(off(found[0], exact));
                if z <= 1.0 {
                    s.store(log1p_of_fraction(s, s.splat(z)), &mut found);
                    worst1p = worst1p.max(off(found[0], exact));
                }
            }
            (worst, worst1p)
        }
    }

    fn off(found: f64, exact: Double) -> f64 {
        if exact.hi == 0.0 {
            return found.abs();
        }
        ((Double::from(found) - exact).hi / exact.hi).abs() * 2f64.powi(53)
    }

    fn numbers() -> Vec<f64> {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 * 2f64.powi(-53)
        };
        let mut all: Vec<f64> = (0..20_000).map(|i| (1.0 + next()) * 2f64.powi(i % 300 - 150)).collect();
        all.extend((0..20_000).map(|i| 1.0 + (next() - 0.5) * 2f64.powi(-(i % 50))));
        all.extend([1.0, 0.5f64.sqrt(), 2f64.sqrt(), 0.5, 2.0]);
        all
    }

    #[test]
    fn errors_are_within_the_bound_at_every_level() {
        let numbers = numbers();
        for level in Level::ALL.into_iter().filter(|&level| level <= Level::best()) {
            let _ = level.set();
            let (log, log1p) = dispatch(Log(&numbers));
            assert!(log <= BOUND && log1p <= BOUND, "{level}: {log} and {log1p} of {BOUND} units");
        }
        let _ = Level::best().set();
    }

    #[test]
    fn the_logarithm_of_a_power_is_a_multiple() {
        for n in [2, 3, 5, 7] {
            for z in [1.25, 3.0, 1.0 + 2f64.powi(-10), 0.75, 7.0] {
                let power = (1..n).fold(Double::from(z), |power, _| power * z); // off by 2 n u^2
                let difference = log_double(power) - log_double(Double::from(z)) * f64::from(n);
                assert!(difference.hi.abs() < 2f64.powi(-98) * log_double(power).hi.abs() + 2f64.powi(-101));
            }
        }
        assert_eq!(log_double(Double::from(1.0)), Double::from(0.0));
    }
}
