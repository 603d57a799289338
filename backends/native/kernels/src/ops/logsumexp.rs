//! logsumexp(x) = log(sum_j e^x_j) along some axes, rounded once: M + log(1 + T), see [`crate::terms`].
//!
//! Of one element it is that element (of a zero, +0). -inf elements add nothing; -inf alone, or no elements, give -inf.
//! One +inf gives +inf; NaN gives NaN.

use crate::array::Array;
use crate::double::{Double, UNIT};
use crate::error::Result;
use crate::function::Rounded;
use crate::reduce::reduced_shape;
use crate::rows::{self, TermFunction};
use crate::simd::Simd;
use crate::terms::{Exact, log_of_sum};

/// The function.
#[derive(Clone, Copy)]
pub struct LogSumExp;

impl TermFunction for LogSumExp {
    const APART: bool = true;
    const MAPS: bool = false;

    fn alone(self, x: f32) -> f32 {
        x + 0.0
    }

    #[inline(always)]
    fn prepare<S: Simd>(self, s: S, n: usize, top: S::F64, sum: S::F64, summation: f64) -> [S::F64; 2] {
        log_of_sum(s, n, top, sum, summation)
    }

    /// M is exact; the sum rounds once, and each end once more.
    #[inline(always)]
    fn ends<S: Simd>(self, s: S, [log, of_log]: [S::F64; 2], top: S::F64, _: S::F64) -> (S::F64, S::F64) {
        let y = s.add(top, log);
        let radius = s.fma(s.abs(y), s.splat(3.0 * UNIT), of_log);
        (s.sub(y, radius), s.add(y, radius))
    }

    fn improper(self, x: &[f32]) -> Option<f32> {
        let top = x.iter().fold(f32::NEG_INFINITY, |top, &x| top.max(x));
        if x.iter().any(|x| x.is_nan()) {
            return Some(f32::NAN);
        }
        top.is_infinite().then_some(top)
    }

    /// The logarithm's error, and 3 u^2 of the sum, in which the two may cancel.
    fn accurate(self, row: &Exact<'_>, _: usize) -> Option<f32> {
        let (log, bound) = row.log_of_sum();
        let sum = log + Double::from(row.top);
        sum.round_within(bound * log.hi + 4.0 * UNIT * UNIT * sum.hi.abs())
    }
}

/// RN of the logarithm of the sum of the exponentials of every row along `axes`, which are sorted.
pub fn logsumexp(x: &Array, axes: &[usize], keepdims: bool) -> Result<Rounded> {
    let shape = reduced_shape(x.shape(), axes, keepdims);
    if axes.iter().any(|&axis| x.shape()[axis] == 0) {
        return Ok(Array::build(&shape, |out: &mut [f32]| out.fill(f32::NEG_INFINITY))?.into());
    }
    rows::apply(LogSumExp, x, axes, &shape)
}
