//! exp, expm1 and the logarithm in binary64 with bounds that are proven here: the pieces of [`mod@crate::enclose`].
//!
//! None of it comes from the kernels, and the formulas are other ones: Taylor series, whose coefficients are known and
//! whose remainder is Lagrange's, no tables, no FMA. Everything is branch-free, so that loops over it become vectors.
//!
//! u = 2^-53 bounds the relative error of each operation; nothing here overflows, and what could underflow is named.
//! "Within n u" is a relative error; products of errors are below 2^-100 and are covered by rounding each bound up.

/// u, the unit in which bounds are stated.
pub const U: f64 = f64::EPSILON / 2.0;

/// log 2 to 33 bits below the point: its product with an integer of up to 20 bits is exact.
const LN2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fef0_0000);

/// log 2 less [`LN2_HIGH`], within u.
const LN2_LOW: f64 = f64::from_bits(0x3dd4_73de_6af2_78ed);

/// 2^52 + 2^51: added to a number of less than 2^51, it rounds that to an integer, which the low bits then hold.
const SHIFT: f64 = 6_755_399_441_055_744.0;

/// 1/n! for n = 2, 3, ... 14, each rounded once: the integers below are exact in binary64.
const INVERSE_FACTORIALS: [f64; 13] = {
    let mut found = [0.0; 13];
    let (mut factorial, mut n) = (1.0, 2);
    while n <= 14 {
        factorial *= n as f64;
        found[n - 2] = 1.0 / factorial;
        n += 1;
    }
    found
};

/// Terms of the series of the inverse hyperbolic tangent after the first.
const ATANH_TERMS: usize = 11;

/// t = k log 2 + r with an integer k and |r| <= 0.3467; gives r, 2^k, and e^r - 1, for |t| <= 300.
///
/// * k LN2_HIGH is exact (9 and 33 bits). Where k is not 0, |t| > 0.346: t is a multiple of 2^-54, and so is
///   t - k LN2_HIGH, which is below 2^-1 and hence exact. The product k LN2_LOW, below 2^-24, adds 2^-24 u at most and
///   the last subtraction 0.35 u: r is within 0.36 u *in absolute terms*, and exact where k = 0.
/// * e^r - 1 = r + r^2 q with q = 1/2 + r/6 + ... + r^12/14!. What is left out is below 1.42 |r|^15 / 15!, which is
///   0.005 u relative to e^r - 1. By Horner's rule q, between 0.44 and 0.58, is off by 1.3 u at most in absolute terms,
///   so within 3 u; r^2 q within 5 u. It is at most 0.19 of |e^r - 1|: with the last sum that makes **2.5 u**, for the r
///   that was computed.
#[inline(always)]
fn reduced(t: f64) -> (f64, f64) {
    let shifted = t * std::f64::consts::LOG2_E + SHIFT;
    let k = shifted - SHIFT;
    let r = (t - k * LN2_HIGH) - k * LN2_LOW;
    let power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    let mut q = INVERSE_FACTORIALS[12];
    let mut i = 12;
    while i > 0 {
        i -= 1;
        q = q * r + INVERSE_FACTORIALS[i];
    }
    (power, r + (r * r) * q)
}

/// e^t for |t| <= 300, within **8 u**.
///
/// 1 + p with p = e^r - 1: u for the sum, 2.5 u |p| / e^r <= 1.1 u for p, 0.36 u for r: 2.5 u. Multiplying by 2^k is
/// exact: no result is subnormal.
#[inline(always)]
pub fn exp(t: f64) -> f64 {
    let (power, p) = reduced(t);
    power * (1.0 + p)
}

/// e^t - 1 for |t| <= 300, within **8 u**.
///
/// For k = 0 it is p, within 2.5 u. Else it is 2^k p + (2^k - 1). The absolute errors are 2.5 u 2^k |p|, 0.36 u 2^k e^r
/// from r, u |2^k - 1| for k > 53 alone, and u for the sum. Relative to the result they are largest where r is
/// -0.3467 and k = 1: (2.5 * 0.586 + 0.36 * 1.415) / 0.414 + 1 < 6 u. For k = -1 and r = 0.3467:
/// (2.5 * 0.208 + 0.36 * 0.708) / 0.292 + 1 < 4 u; further out the quotients are smaller.
#[inline(always)]
pub fn expm1(t: f64) -> f64 {
    let (power, p) = reduced(t);
    power * p + (power - 1.0)
}

/// 2 atanh(s) = 2 s (1 + s^2/3 + s^4/5 + ...) for |s| <= 0.1716, where s is given within 3 u: within **6 u**.
///
/// z = s^2 <= 0.02945. What is left out is below z^12 / 25 / (1 - z) < 2^-60 u. The sum P after the 1 is below 0.0101 and
/// within 11 u (7 of z, 4 of its first coefficient, sum and product; the rest is multiplied by z): 0.12 u. With the sum
/// 1 + P and the product that makes 2.2 u, beside the 3 of s, whose conditioning is 1 / (1 - z)-like: below 1.03.
#[inline(always)]
fn twice_atanh(s: f64) -> f64 {
    let z = s * s;
    let mut p = 1.0 / (2 * ATANH_TERMS + 1) as f64;
    let mut n = ATANH_TERMS;
    while n > 1 {
        n -= 1;
        p = p * z + 1.0 / (2 * n + 1) as f64;
    }
    (2.0 * s) * (1.0 + z * p)
}

/// w = m 2^e with m between sqrt(1/2) and sqrt(2), both exact, for a normal w > 0.
#[inline(always)]
fn split(w: f64) -> (f64, f64) {
    const ROOT_OF_HALF: u64 = 0x3fe6_a09e_667f_3bcc;
    let above = w.to_bits().wrapping_sub(ROOT_OF_HALF); // its upper 12 bits are e, in two's complement
    let exponent = (above as i64) >> 52;
    let m = f64::from_bits(w.to_bits().wrapping_sub((exponent as u64) << 52));
    let e = f64::from_bits((exponent as u64).wrapping_add(SHIFT.to_bits())) - SHIFT;
    (m, e)
}

/// e log 2 + 2 atanh(numerator / denominator), where the two are within 2 u in sum, for |e| <= 1100: within **8 u** where
/// e = 0, else within **10 u** if the result is 0.3465 or more in magnitude.
///
/// For e = 0 the quotient is within 3 u and twice_atanh within 6; the sums add exact zeros. Else e LN2_HIGH is exact,
/// e LN2_LOW is below 2^-22 and adds nothing to speak of; 2 atanh is off by 6 u * 0.3467 = 2.1 u, its sum with the low
/// part by 0.35 u, both in absolute terms, and the last sum by u: 2.45 / 0.3465 + 1 < 8.2 u.
#[inline(always)]
fn log_of_quotient(e: f64, numerator: f64, denominator: f64) -> f64 {
    e * LN2_HIGH + (twice_atanh(numerator / denominator) + e * LN2_LOW)
}

/// log w for a normal w > 0 that is exact, within **10 u**.
///
/// m - 1 is exact (Sterbenz), m + 1 within u. |log w| >= 0.3465 where e is not 0.
#[inline(always)]
pub fn log(w: f64) -> f64 {
    let (m, e) = split(w);
    log_of_quotient(e, m - 1.0, m + 1.0)
}

/// log(1 + x) for a binary32 number x > -1, within **12 u**.
///
/// For -0.29 < x < 0.41 it is 2 atanh(x / (2 + x)), with 2 + x within u. Else it is the logarithm of 1 + x, which is exact
/// below 2^28 (x is a multiple of 2^-25), and above changes a result of 19 or more by u in absolute terms.
#[inline(always)]
pub fn log1p(x: f64) -> f64 {
    let near = -0.29 < x && x < 0.41;
    let (m, e) = split(1.0 + x);
    let e = if near { 0.0 } else { e };
    let numerator = if near { x } else { m - 1.0 };
    let denominator = if near { 2.0 + x } else { m + 1.0 };
    log_of_quotient(e, numerator, denominator)
}

/// log(1 + e) for 0 < e <= 1 that is given within 8 u: within **30 u**.
///
/// Up to 0.41 it is 2 atanh(e / (2 + e)): the 8 u of e count once at most, beside 8. Above it is
/// log 2 + 2 atanh((e - 1) / (e + 3)), as (1 + e) / 2 = m gives (m - 1) / (m + 1); |quotient| <= 0.174 and the terms left
/// out are still below 2^-58 u. There e is off by 8 u, which 1 + e makes 4 u; e - 1 and e + 3 are within u each, so
/// that 2 atanh, below 0.35, is off by 2.2 u as above; log 2 by its rounding, 0.5 u, and the sum by 0.7 u. These
/// 7.4 u are absolute, and the result is at least 0.343: 22 u.
#[inline(always)]
pub fn log_of_one_and(e: f64) -> f64 {
    let near = e < 0.41;
    let numerator = if near { e } else { e - 1.0 };
    let denominator = if near { 2.0 + e } else { e + 3.0 };
    let constant = if near { 0.0 } else { std::f64::consts::LN_2 };
    constant + twice_atanh(numerator / denominator)
}
