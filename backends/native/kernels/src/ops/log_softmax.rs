//! log_softmax(x)_i = x_i - log(sum_j e^x_j) along some axes, rounded once: -(log(1 + T) - d_i), see [`crate::rows`].
//!
//! Of one element alone it is +0; beside others, negative, and -0 where it is nearest to zero. -inf where the element is.
//! A row with +inf or NaN, or of -inf alone, is NaN throughout.

use crate::array::Array;
use crate::double::nearest;
use crate::error::Result;
use crate::function::Rounded;
use crate::rows::{Exact, RowFunction, Rows, UNIT, Work, decide, take};
use crate::simd::Simd;

#[derive(Clone, Copy)]
struct LogSoftmax;

impl RowFunction for LogSoftmax {
    fn width(self, n: usize) -> usize {
        n
    }

    /// Both terms of the result have its sign: 1 unit of d, those of the logarithm, 1 of the sum and 2 of the ends.
    #[inline(always)]
    fn row<S: Simd>(self, s: S, work: &mut Work<'_>, out: &mut [f32], open: &mut Vec<usize>) {
        if let ([x], [y]) = (work.x, &mut *out) {
            *y = if x.is_finite() { 0.0 } else { f32::NAN };
            return;
        }
        let top = work.top(s);
        let (log, bound) = work.log_of_sum(s, top);
        if !(top.is_finite() && log.is_finite()) {
            return out.fill(f32::NAN);
        }
        let of_log = s.splat((bound + 4.0) * log * UNIT);
        for start in (0..out.len()).step_by(S::LANES) {
            let d = s.sub(take(s, work.x, start), s.splat(top));
            let y = s.neg(s.sub(s.splat(log), d));
            let far = s.min(s.abs(d), s.splat(1e39)); // an infinite d has a result that is certain
            let radius = s.fma(far, s.splat(5.0 * UNIT), of_log);
            decide(s, s.sub(y, radius), s.add(y, radius), out, start, open);
        }
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
    let rows = Rows::new(x, axes)?;
    let shape: Vec<usize> = rows.shape().to_vec();
    Ok(rows.restored(rows.apply(LogSoftmax, &shape)?))
}
