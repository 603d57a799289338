//! softmax_derivative(x): the Jacobian of the softmax along some axes, rounded once; n by n for a row of n.
//!
//! With s_i = e^d_i / S (see [`crate::terms`]) it is -s_i s_j off the diagonal, and s_i (1 - s_i) = s_i R_i / S on it, where
//! R_i is the sum without e^d_i: T for the largest, else 1 + (T - e^d_i), where nothing cancels. A row with +inf or NaN, or
//! of -inf alone, is NaN throughout.

use crate::array::Array;
use crate::double::{Double, UNIT};
use crate::error::Result;
use crate::exponential;
use crate::function::Rounded;
use crate::ops::softmax::LOWEST;
use crate::rows::{RowFunction, Rows};
use crate::simd::{MOST_LANES, Simd};
use crate::terms::{Exact, Work, decide, logarithm_above, of_summation, of_term, take};

#[derive(Clone, Copy)]
struct SoftmaxDerivative;

/// Rows of at most so many elements need no room of their own.
const SHORT: usize = 128;

impl RowFunction for SoftmaxDerivative {
    fn width(self, n: usize) -> usize {
        n * n
    }

    /// Both shares err as in `softmax`, T replacing S; R_i is at least (1 + T) / 2 where it is not T, and errs by at most
    /// twice what T and the term do.
    #[inline(always)]
    fn row<S: Simd>(self, s: S, work: &mut Work<'_>, out: &mut [f32], open: &mut Vec<usize>) {
        let n = work.x.len();
        let top = work.top(s);
        let (others, of_others) = if n == 1 { (0.0, 0.0) } else { work.others(s, top) };
        let alone = n == 1 && work.x[0].is_finite();
        if !(alone || (top.is_finite() && others.is_finite())) {
            return out.fill(f32::NAN);
        }
        if alone {
            return out.fill(0.0);
        }
        // What S = 1 + T errs by: T's share of it errs by its bound, in which -log T counts only beside T.
        let total = 1.0 + others;
        let of_total = 8.0 + 2.25 * logarithm_above(n) + of_summation(s) + 2.0;
        let (part, of_part) = (s.splat(1.0 / total), of_total + 3.0);
        let room = n.next_multiple_of(MOST_LANES);
        let (mut short, mut long) = ([0.0; 2 * SHORT], Vec::new());
        let both = if room <= SHORT {
            &mut short[..]
        } else {
            long.resize(2 * room, 0.0);
            &mut long[..]
        };
        let (shares, errors) = both.split_at_mut(both.len() / 2);
        for start in (0..n).step_by(S::LANES) {
            let d = s.max(s.sub(take(s, work.x, start), s.splat(top)), s.splat(LOWEST));
            s.store(s.mul(work.term(s, d, start), part), &mut shares[start..]);
            s.store(s.add(of_term(s, d), s.splat(of_part)), &mut errors[start..]);
        }
        for i in 0..n {
            // To the end: beyond its own, a vector reaches into lines that are still to come.
            let line = &mut out[i * n..];
            let (share, error) = (s.splat(-shares[i]), s.splat(errors[i] + 5.0));
            let begun = open.len();
            for start in (0..n).step_by(S::LANES) {
                let y = s.mul(share, s.load(&shares[start..]));
                let radius = s.mul(s.add(s.load(&errors[start..]), error), s.splat(UNIT));
                let one = s.splat(1.0);
                decide(s, s.mul(y, s.sub(one, radius)), s.mul(y, s.add(one, radius)), line, start, open);
            }
            let mut kept = begun;
            for k in begun..open.len() {
                if open[k] != i {
                    open[kept] = i * n + open[k];
                    kept += 1;
                }
            }
            open.truncate(kept);
            let (rest, of_rest) = if f64::from(work.x[i]) == top {
                (others, of_others)
            } else {
                (1.0 + (others - shares[i] * total), 2.0 * of_total + errors[i] + 4.0)
            };
            let y = shares[i] * (rest / total);
            let radius = (errors[i] + of_rest + of_total + 8.0) * UNIT;
            let (low, high) = ((y * (1.0 - radius)) as f32, (y * (1.0 + radius)) as f32);
            line[i] = low;
            if low.to_bits() != high.to_bits() {
                open.push(i * n + i);
            }
        }
    }

    /// Two terms, S twice, or a rest that errs by twice what T does; the products and the quotient are in the margin.
    fn accurate(self, row: &Exact<'_>, place: usize) -> Option<f32> {
        let n = row.x.len();
        let (i, j) = (place / n, place % n);
        let total = row.others + 1.0;
        let square = total * total;
        let bound = 4.0 * (exponential::DOUBLE_BOUND + row.bound);
        if i != j {
            if row.difference(i).hi + row.difference(j).hi < LOWEST {
                return Some(-0.0);
            }
            return (-(row.term(i) * row.term(j) / square)).round(bound);
        }
        if row.difference(i).hi < LOWEST {
            return Some(0.0);
        }
        let largest = f64::from(row.x[i]) == row.top;
        let rest: Double = if largest { row.others } else { (row.others - row.term(i)) + 1.0 };
        (row.term(i) * rest / square).round(bound)
    }
}

/// RN of the Jacobian of every row along `axes`, which are sorted; its two axes come last. No row is empty.
pub fn softmax_derivative(x: &Array, axes: &[usize]) -> Result<Rounded> {
    let rows = Rows::new(x, axes)?;
    let n = rows.length();
    let shape = [rows.kept(), &[n, n]].concat();
    rows.apply(SoftmaxDerivative, &shape)
}
