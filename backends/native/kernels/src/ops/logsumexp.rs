//! logsumexp(x) = log(sum_j e^x_j) along some axes, rounded once: M + log(1 + T), see [`crate::rows`].
//!
//! Of one element it is that element (of a zero, +0). -inf elements add nothing; -inf alone, or no elements, give -inf.
//! One +inf gives +inf; NaN gives NaN.

use crate::array::Array;
use crate::double::Double;
use crate::error::Result;
use crate::function::Rounded;
use crate::rows::{Exact, RowFunction, Rows, UNIT, Work};
use crate::simd::Simd;

#[derive(Clone, Copy)]
struct LogSumExp;

impl RowFunction for LogSumExp {
    fn width(self, _: usize) -> usize {
        1
    }

    /// M is exact; the sum rounds once, and each end once more.
    #[inline(always)]
    fn row<S: Simd>(self, s: S, work: &mut Work<'_>, out: &mut [f32], open: &mut Vec<usize>) {
        if let [] | [_] = work.x {
            out[0] = work.x.first().map_or(f32::NEG_INFINITY, |x| x + 0.0);
            return;
        }
        let top = work.top(s);
        if !top.is_finite() {
            let lost = top.is_nan() || work.x.iter().any(|x| x.is_nan());
            out[0] = if lost { f32::NAN } else { top as f32 };
            return;
        }
        let (log, bound) = work.log_of_sum(s, top);
        let y = top + log;
        let radius = ((bound + 1.0) * log + 3.0 * y.abs()) * UNIT;
        let (low, high) = ((y - radius) as f32, (y + radius) as f32);
        out[0] = low;
        if low.to_bits() != high.to_bits() && !low.is_nan() {
            open.push(0);
        }
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
    let rows = Rows::new(x, axes)?;
    let all = x.shape().iter().enumerate();
    let shape: Vec<usize> = if keepdims {
        all.map(|(i, &n)| if axes.contains(&i) { 1 } else { n }).collect()
    } else {
        rows.kept().to_vec()
    };
    rows.apply(LogSumExp, &shape)
}
