//! x^y, which `powf` and `powi` share: in vectors of binary64 by [`Power`], and beyond doubt by [`element`].

use crate::array::size_of_shape;
use crate::double::{Double, UNIT};
use crate::error::Result;
use crate::exponential::{exp, exp_double};
use crate::function::{Rounded, in_parts};
use crate::logarithm::{self, log, log_double};
use crate::simd::{Kernel, MOST_LANES, Simd, dispatch};

/// A way to compute powers in vectors.
pub trait Power: Copy + Send + Sync {
    /// Two numbers between which x^y lies. NaN sends an element to [`element`].
    fn ends<S: Simd>(self, s: S, x: S::F64, y: S::F64) -> (S::F64, S::F64);
}

/// One side of the power: a number for all elements, or binary32 numbers side by side.
#[derive(Clone, Copy)]
pub enum Operand<'a> {
    /// The same for all elements.
    Number(f64),
    /// One for each.
    Numbers(&'a [f32]),
}

impl Operand<'_> {
    /// From element `start` on.
    fn from(self, start: usize) -> Self {
        match self {
            Operand::Number(x) => Operand::Number(x),
            Operand::Numbers(x) => Operand::Numbers(&x[start..]),
        }
    }

    #[inline(always)]
    fn at(&self, place: usize) -> f64 {
        match self {
            Operand::Number(x) => *x,
            Operand::Numbers(x) => f64::from(x[place]),
        }
    }

    /// The vector from `start` on; ones where there are no more elements.
    #[inline(always)]
    fn take<S: Simd>(&self, s: S, start: usize) -> S::F64 {
        match self {
            Operand::Number(x) => s.splat(*x),
            Operand::Numbers(x) if start + S::LANES <= x.len() => s.widen(s.load_f32(&x[start..])),
            Operand::Numbers(x) => {
                let mut padded = [1.0; MOST_LANES];
                padded[..x.len() - start].copy_from_slice(&x[start..]);
                s.widen(s.load_f32(&padded))
            }
        }
    }
}

/// Elements that one thread takes at a time.
const PART: usize = 1 << 14;

/// RN of x^y at every element of an array of the given shape.
pub fn apply<P: Power>(power: P, x: Operand<'_>, y: Operand<'_>, shape: &[usize]) -> Result<Rounded> {
    let size = size_of_shape(shape)?;
    let part = if size < 2 * PART { size } else { PART };
    in_parts(shape, part, |start, to| dispatch(Stretch { power, x: x.from(start), y: y.from(start), to }))
}

/// Some elements.
struct Stretch<'a, P> {
    power: P,
    x: Operand<'a>,
    y: Operand<'a>,
    to: &'a mut [f32],
}

impl<P: Power> Kernel for Stretch<'_, P> {
    type Output = Vec<usize>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Vec<usize> {
        let Stretch { power, x, y, to } = self;
        let mut undecided = Vec::new();
        for (i, out) in to.chunks_mut(S::LANES).enumerate() {
            let place = i * S::LANES;
            let (low, high) = power.ends(s, x.take(s, place), y.take(s, place));
            let lost = s.is_nan(low);
            let (low, high) = (s.narrow(low), s.narrow(high));
            let open = s.bitmask(s.or_mask(s.not_mask(s.same_f32(low, high)), lost));
            if out.len() == S::LANES {
                s.store_f32(low, out);
            } else {
                let mut padded = [0.0; MOST_LANES];
                s.store_f32(low, &mut padded);
                out.copy_from_slice(&padded[..out.len()]);
            }
            if open != 0 {
                settle(open, x, y, place, out, &mut undecided);
            }
        }
        undecided
    }
}

#[cold]
#[inline(never)]
fn settle(open: u32, x: Operand<'_>, y: Operand<'_>, start: usize, out: &mut [f32], undecided: &mut Vec<usize>) {
    for (i, to) in out.iter_mut().enumerate().filter(|(i, _)| open >> i & 1 == 1) {
        match element(x.at(start + i), y.at(start + i)) {
            Some(power) => *to = power,
            None => undecided.push(start + i),
        }
    }
}

/// The ends of an interval around `y`, of which `bound` bounds the relative error in units of 2^-53.
///
/// The sign of a zero and infinities stay; the ends' roundings take up 3 units.
#[inline(always)]
pub fn ends<S: Simd>(s: S, y: S::F64, bound: S::F64) -> (S::F64, S::F64) {
    let radius = s.mul(s.add(bound, s.splat(3.0)), s.splat(UNIT));
    (s.mul(y, s.sub(s.splat(1.0), radius)), s.mul(y, s.add(s.splat(1.0), radius)))
}

/// Any power, as e^t with t = y log |x|.
#[derive(Clone, Copy)]
pub struct General;

/// Beyond, in either direction, powers are infinite or 0 in binary32.
const FARTHEST: f64 = 150.0;

impl Power for General {
    /// t errs by that of the logarithm and 1 unit of the product, which are multiplied by t in e^t; the exponential adds
    /// 130 + 1.2 |t|. Zeros are powers only of positive exponents, and infinities and exponents from 2^51 up none, here.
    #[inline(always)]
    fn ends<S: Simd>(self, s: S, x: S::F64, y: S::F64) -> (S::F64, S::F64) {
        let (zero, nan, half) = (s.splat(0.0), s.splat(f64::NAN), s.mul(y, s.splat(0.5)));
        let t = s.mul(y, log(s, s.abs(x)));
        let t = s.max(s.splat(-FARTHEST), s.min(s.splat(FARTHEST), t));
        let power = exp(s, t);
        let whole = s.eq(s.round(y), y);
        let odd = s.and_mask(whole, s.not_mask(s.eq(s.round(half), half)));
        let nothing = s.and_mask(s.eq(x, zero), s.lt(zero, y));
        let power = s.select(nothing, zero, power);
        let power = s.select(odd, s.copysign(power, x), power);
        let proper = s.and_mask(s.lt(s.abs(x), s.splat(f64::INFINITY)), s.lt(s.abs(y), s.splat(2f64.powi(51))));
        let proper = s.and_mask(proper, s.or_mask(whole, s.le(zero, x)));
        let proper = s.and_mask(proper, s.or_mask(nothing, s.not_mask(s.eq(x, zero))));
        let bound = s.fma(s.abs(t), s.splat(1.2 + logarithm::BOUND + 1.5), s.splat(131.0));
        ends(s, s.select(proper, power, nan), bound)
    }
}

// ---------------------------------------------------------------------------------------------- one element

/// RN of x^y beyond doubt, for a binary32 x and a y that is a binary32 number or an int32; `None` leaves it open.
pub fn element(x: f64, y: f64) -> Option<f32> {
    if let Some(power) = special(x, y) {
        return Some(power as f32);
    }
    let magnitude = exactly(x.abs(), y).or_else(|| nearly(x.abs(), y))?;
    Some(if x < 0.0 && is_odd(y) { -magnitude } else { magnitude })
}

fn is_odd(y: f64) -> bool {
    (y % 2.0).abs() == 1.0
}

/// Infinities, zeros, NaN and what leads to them: IEEE 754-2019, 9.2.1, `pow` (contract N2.3).
fn special(x: f64, y: f64) -> Option<f64> {
    if y == 0.0 || x == 1.0 {
        return Some(1.0);
    }
    if x.is_nan() || y.is_nan() {
        return Some(f64::NAN);
    }
    if y.is_infinite() && x == -1.0 {
        return Some(1.0);
    }
    if x == 0.0 || x.is_infinite() || y.is_infinite() {
        let limit = if (x.abs() > 1.0) == (y > 0.0) { f64::INFINITY } else { 0.0 };
        return Some(if is_odd(y) { limit.copysign(x) } else { limit });
    }
    (x < 0.0 && y != y.floor()).then_some(f64::NAN)
}

/// `(m, e)` with x = m 2^e and m odd, for a finite x > 0.
fn odd_part(x: f64) -> (u64, i64) {
    let bits = x.to_bits();
    let (fraction, exponent) = (bits & ((1 << 52) - 1), (bits >> 52) as i64);
    let (m, e) = if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    (m >> m.trailing_zeros(), e + i64::from(m.trailing_zeros()))
}

/// RN of x^y where it has at most 53 bits, for x > 0: such as every midpoint between binary32 numbers, which has 25.
///
/// x = m 2^e with m odd. For y = n / 2^k with n odd and k > 0, x^y is rational only if x is the 2^k-th power of a rational
/// number, so if m is one of an integer and 2^k divides e. Of a negative y it has finitely many bits only for m = 1.
fn exactly(x: f64, y: f64) -> Option<f32> {
    let (mut m, mut e) = odd_part(x);
    let (mut n, mut f) = odd_part(y.abs());
    while f < 0 && !(m == 1 && e == 0) {
        let root = (m as f64).sqrt() as u64; // m < 2^24
        if root * root != m || e % 2 != 0 {
            return None;
        }
        (m, e, f) = (root, e / 2, f + 1);
    }
    if m == 1 {
        // 2^(e n 2^f) with e n < 2^40 far below 2^63; beyond +-400 its size does not count.
        let exponent = (e as f64) * (n as f64) * 2f64.powi(f.clamp(0, 200) as i32) * y.signum();
        return Some(2f64.powi(exponent.clamp(-400.0, 400.0) as i32) as f32);
    }
    if y < 0.0 || f > 5 {
        return None;
    }
    n <<= f;
    if n > 33 {
        return None; // 3^34 has 54 bits
    }
    let mut power = 1u64;
    for _ in 0..n {
        power = power.checked_mul(m).filter(|power| *power < 1 << 53)?;
    }
    // At most 53 bits times 2^(149 * 33) or less: exact up to 2^400 and down to 2^-400, and beyond them it does not count.
    let exponent = e * n as i64;
    Some((power as f64 * 2f64.powi(exponent.clamp(-400, 400) as i32)) as f32)
}

/// RN of x^y from double-double, for x > 0: e^(y log x), with 2^-99 of |y log x| < 105 from the logarithm, 2 u^2 of it
/// from the product, and 2^-98 from the exponential.
fn nearly(x: f64, y: f64) -> Option<f32> {
    let t = log_double(Double::from(x)) * y;
    if t.hi.abs() > 105.0 {
        return Some(if t.hi > 0.0 { f32::INFINITY } else { 0.0 });
    }
    exp_double(t).round(2f64.powi(-91))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_and_their_neighbours_are_decided() {
        let even = |x: f64, y: f64, power: f64| assert_eq!(element(x, y), Some(power as f32), "{x}^{y}");
        even(289.0, 3.0, 24137568.0);
        even(83521.0, 1.5, 24137568.0);
        even(4097.0, 2.0, 16785408.0);
        even(2f64.powi(-100), 1.5, 0.0);
        even(2.0, -150.0, 0.0);
        even(2.0, -149.0, 2f64.powi(-149));
        even(2f64.powi(-148), 0.5, 2f64.powi(-74));
        even(4.0, -0.5, 0.5);
        even(-8.0, 3.0, -512.0);
        even(1.0 + 2f64.powi(-23), 2147483647.0, f64::INFINITY);
        even(-(1.0 - 2f64.powi(-24)), -2147483648.0, f64::INFINITY);
        even(3.0, 2.0, 9.0);
        assert_eq!(element(2f64.powi(-100), f64::from(1.4899999f32)), Some(f32::from_bits(1)));
        assert!(element(-8.0, 1.0 / 3.0).unwrap().is_nan());
    }
}
