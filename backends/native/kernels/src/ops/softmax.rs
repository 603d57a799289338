//! softmax(x)_i = e^x_i / sum_j e^x_j along some axes, rounded once: e^d_i / S, see [`crate::rows`].
//!
//! A row with +inf or NaN, or of -inf alone, is NaN throughout.

use crate::array::Array;
use crate::error::Result;
use crate::exponential;
use crate::function::Rounded;
use crate::rows::{Exact, RowFunction, Rows, UNIT, Work, decide, logarithm_above, of_summation, of_term, take};
use crate::simd::Simd;

#[derive(Clone, Copy)]
struct Softmax;

/// Where d is less, the result is below 2^-151, and so is what is computed; both round to +0.
pub const LOWEST: f64 = -105.0;

impl RowFunction for Softmax {
    fn width(self, n: usize) -> usize {
        n
    }

    /// The term's error, that of S (where log S >= 0), and 3 units of the division, the product and the ends.
    #[inline(always)]
    fn row<S: Simd>(self, s: S, work: &mut Work<'_>, out: &mut [f32], open: &mut Vec<usize>) {
        let top = work.top(s);
        let sum = work.sum::<S, false>(s, top);
        if !(top.is_finite() && sum.is_finite()) {
            return out.fill(f32::NAN);
        }
        let of_sum = 8.0 + 2.25 * logarithm_above(work.x.len() as f64) + of_summation(s);
        let (part, of_sum) = (s.splat(1.0 / sum), s.splat(of_sum + 6.0));
        for start in (0..out.len()).step_by(S::LANES) {
            let d = s.max(s.sub(take(s, work.x, start), s.splat(top)), s.splat(LOWEST));
            let radius = s.mul(s.add(of_term(s, d), of_sum), s.splat(UNIT));
            let share = s.mul(work.term(s, d, start), part);
            decide(s, s.fma(share, s.neg(radius), share), s.fma(share, radius, share), out, start, open);
        }
    }

    /// The errors of the term and of S, and 15 u^2 of the quotient.
    fn accurate(self, row: &Exact<'_>, place: usize) -> Option<f32> {
        if row.difference(place).hi < LOWEST {
            return Some(0.0);
        }
        (row.terms[place] / (row.others + 1.0)).round(2.0 * exponential::DOUBLE_BOUND + row.bound)
    }
}

/// RN of the softmax of every row along `axes`, which are sorted; no row is empty.
pub fn softmax(x: &Array, axes: &[usize]) -> Result<Rounded> {
    let rows = Rows::new(x, axes)?;
    let shape: Vec<usize> = rows.shape().to_vec();
    Ok(rows.restored(rows.apply(Softmax, &shape)?))
}
