//! softmax(x)_i = e^x_i / sum_j e^x_j along some axes, rounded once: e^d_i / S, see [`crate::terms`].
//!
//! A row with +inf or NaN, or of -inf alone, is NaN throughout.

use crate::array::Array;
use crate::double::UNIT;
use crate::error::Result;
use crate::exponential;
use crate::function::Rounded;
use crate::rows::{self, TermFunction};
use crate::simd::Simd;
use crate::terms::{Exact, logarithm_above, of_term};

/// The function.
#[derive(Clone, Copy)]
pub struct Softmax;

/// Where d is less, the result is below 2^-151, and so is what is computed; both round to +0.
pub const LOWEST: f64 = -105.0;

impl TermFunction for Softmax {
    const APART: bool = false;
    const MAPS: bool = true;

    fn alone(self, x: f32) -> f32 {
        if x.is_finite() { 1.0 } else { f32::NAN }
    }

    /// 1 / S, and the error of S (where log S >= 0), with 6 units of the division, the product and the ends.
    #[inline(always)]
    fn prepare<S: Simd>(self, s: S, n: usize, top: S::F64, sum: S::F64, summation: f64) -> [S::F64; 2] {
        let proper = s.lt(s.abs(top), s.splat(f64::INFINITY));
        let part = s.select(proper, s.div(s.splat(1.0), sum), s.splat(f64::NAN));
        [part, s.splat(8.0 + 2.25 * logarithm_above(n) + summation + 6.0)]
    }

    #[inline(always)]
    fn ends<S: Simd>(self, s: S, [part, of_part]: [S::F64; 2], d: S::F64, term: S::F64) -> (S::F64, S::F64) {
        let of_term = of_term(s, s.max(d, s.splat(LOWEST)));
        let radius = s.mul(s.add(of_term, of_part), s.splat(UNIT));
        let share = s.mul(term, part);
        (s.fma(share, s.neg(radius), share), s.fma(share, radius, share))
    }

    /// The errors of the term and of S, and 15 u^2 of the quotient.
    fn accurate(self, row: &Exact<'_>, place: usize) -> Option<f32> {
        if row.difference(place).hi < LOWEST {
            return Some(0.0);
        }
        (row.term(place) / (row.others + 1.0)).round(2.0 * exponential::DOUBLE_BOUND + row.bound)
    }
}

/// RN of the softmax of every row along `axes`, which are sorted; no row is empty.
pub fn softmax(x: &Array, axes: &[usize]) -> Result<Rounded> {
    rows::apply(Softmax, x, axes, x.shape())
}
