//! log_softmax(x)_i = x_i - log(sum_j e^x_j) along some axes, rounded once: -(log(1 + T) - d_i), see [`crate::terms`].
//!
//! Of one element alone it is +0; beside others, negative, and -0 where it is nearest to zero. -inf where the element is.
//! A row with +inf or NaN, or of -inf alone, is NaN throughout.

use crate::array::Array;
use crate::double::{UNIT, nearest};
use crate::error::Result;
use crate::function::Rounded;
use crate::rows::{self, TermFunction};
use crate::simd::Simd;
use crate::terms::{Exact, log_of_sum};

/// The function.
#[derive(Clone, Copy)]
pub struct LogSoftmax;

impl TermFunction for LogSoftmax {
    const APART: bool = true;
    const MAPS: bool = true;

    fn alone(self, x: f32) -> f32 {
        if x.is_finite() { 0.0 } else { f32::NAN }
    }

    #[inline(always)]
    fn prepare<S: Simd>(self, s: S, n: usize, top: S::F64, sum: S::F64, summation: f64) -> [S::F64; 2] {
        log_of_sum(s, n, top, sum, summation)
    }

    /// Both terms of the result have its sign: 1 unit of d, the logarithm's error, 1 unit of the sum and 2 of the ends.
    #[inline(always)]
    fn ends<S: Simd>(self, s: S, [log, of_log]: [S::F64; 2], d: S::F64, _: S::F64) -> (S::F64, S::F64) {
        let y = s.neg(s.sub(log, d));
        let far = s.min(s.abs(y), s.splat(1e39)); // an infinite d has a result that is certain
        let radius = s.fma(far, s.splat(5.0 * UNIT), of_log);
        (s.sub(y, radius), s.add(y, radius))
    }

    /// d is exact, and a multiple of 2^-149. Where log(1 + T) is too small to be seen beside it, the result is d, less a
    /// hair.
    fn accurate(self, row: &Exact<'_>, place: usize) -> Option<f32> {
        let d = row.difference(place);
        if d.hi == f64::NEG_INFINITY {
            return Some(f32::NEG_INFINITY);
        }
        let (log, bound) = row.log_of_sum();
        let sum = d - log;
        if let Some(y) = sum.round(bound + 4.0 * UNIT * UNIT) {
            return Some(y);
        }
        // `nearest` asks for the sign of the low part, and for its size where it may count: within a place of d.hi.
        let hair = log.hi < 0.5 * d.lo.abs() || (d.lo == 0.0 && log.hi < 0.25 * UNIT * d.hi.abs());
        hair.then(|| nearest(d.hi, d.lo - log.hi))
    }
}

/// RN of the logarithm of the softmax of every row along `axes`, which are sorted; no row is empty.
pub fn log_softmax(x: &Array, axes: &[usize]) -> Result<Rounded> {
    rows::apply(LogSoftmax, x, axes, x.shape())
}
