//! The exponentials of the elements of a row, and their sums: what softmax and its relatives are made of, in binary64
//! and in double-double. How rows are found and shared out is the affair of [`crate::rows`].
//!
//! With M the largest of a row x_1 ... x_n and d_i = x_i - M, the terms are e^d_i. T is their sum without one of the
//! largest, which is 1: nothing cancels in T, nor in S = 1 + T.
//!
//! Errors, in units of u = 2^-53 relative to what they are errors of: d errs by 1, and so e^d by |d|, to which
//! [`exp_close`] adds 8 + 1.2 |d|: together [`of_term`]. In a sum these are weighted by the terms. With q_j the terms as
//! parts of their sum T, sum q_j |d_j| = sum q_j (-log q_j - log T) <= log n - log T. The summation itself errs by
//! [`of_summation`].
//!
//! Terms below 2^-1019 are some number between 0 and that: far below whatever could change a binary32 number.

use crate::double::{Double, UNIT};
use crate::exponential::{self, exp_close, exp_double, exp_pair};
use crate::logarithm::{self, log1p, log1p_double};
use crate::simd::{Kernel, MOST_LANES, Simd, dispatch};
use crate::sums::across;

// ------------------------------------------------------------------------------------------- in binary64

/// A row, and room for its terms.
pub struct Work<'a> {
    /// The row.
    pub x: &'a [f32],
    terms: &'a mut Vec<f64>,
}

/// Rows up to this length keep their terms; those of longer ones are computed again, which costs less than memory.
const KEPT: usize = 1 << 15;

/// Elements that are summed before their sum is added to the sums' accurate sum.
const BLOCK: usize = 256;

/// Bounds the relative error of e^d in units of 2^-53.
#[inline(always)]
pub fn of_term<S: Simd>(s: S, d: S::F64) -> S::F64 {
    s.fma(s.abs(d), s.splat(2.25), s.splat(8.0))
}

/// Bounds the relative error of the summation in units of 2^-53: of the additions in one lane of a block, of the lanes'
/// sum, of its two parts' sum, and of what is lost in the sum of the blocks' low parts, 2^-53 times the number of blocks.
pub fn of_summation<S: Simd>(_: S) -> f64 {
    (BLOCK / (2 * S::LANES) + (2 * S::LANES).ilog2() as usize + 2) as f64
}

/// At least log n, for n >= 1.
pub fn logarithm_above(n: usize) -> f64 {
    0.7 * f64::from(n.ilog2() + 1)
}

/// At least -log x, and at least 0, for x that is normal or 0.
fn logarithm_below(x: f64) -> f64 {
    0.7 * (1023 - (x.to_bits() >> 52) as i64).max(0) as f64
}

/// The elements of `x` from `start` on, as many as a vector has; -inf where there are no more.
#[inline(always)]
pub fn take<S: Simd>(s: S, x: &[f32], start: usize) -> S::F64 {
    if start + S::LANES <= x.len() {
        return s.widen(s.load_f32(&x[start..]));
    }
    let mut padded = [f32::NEG_INFINITY; MOST_LANES];
    if start < x.len() {
        padded[..x.len() - start].copy_from_slice(&x[start..]);
    }
    s.widen(s.load_f32(&padded))
}

/// Store a vector's elements from `start` on, as many as `out` has.
#[inline(always)]
pub fn put<S: Simd>(s: S, y: S::F32, out: &mut [f32], start: usize) {
    if start + S::LANES <= out.len() {
        return s.store_f32(y, &mut out[start..]);
    }
    let mut padded = [0.0; MOST_LANES];
    s.store_f32(y, &mut padded);
    let left = out.len() - start;
    out[start..].copy_from_slice(&padded[..left]);
}

/// Store `low`, and put the places into `open` where it and `high`, the vectors from `start` on, do not round alike. NaN,
/// of which the bits do not count, is a result.
#[inline(always)]
pub fn decide<S: Simd>(s: S, low: S::F64, high: S::F64, out: &mut [f32], start: usize, open: &mut Vec<usize>) {
    let nan = s.is_nan(low);
    let (low, high) = (s.narrow(low), s.narrow(high));
    put(s, low, out, start);
    let differ = s.bitmask(s.not_mask(s.or_mask(s.same_f32(low, high), nan)));
    if differ != 0 {
        open.extend((0..S::LANES).filter(|i| differ >> i & 1 == 1).map(|i| start + i).filter(|&i| i < out.len()));
    }
}

impl<'a> Work<'a> {
    /// A row, and what becomes room for its terms.
    pub fn new(x: &'a [f32], terms: &'a mut Vec<f64>) -> Work<'a> {
        Work { x, terms }
    }

    /// The largest element: where there is NaN, some element or NaN.
    #[inline(always)]
    pub fn top<S: Simd>(&self, s: S) -> f64 {
        let mut tops = [s.splat(f64::NEG_INFINITY); 4];
        for start in (0..self.x.len()).step_by(4 * S::LANES) {
            for (i, top) in tops.iter_mut().enumerate() {
                *top = s.max(*top, take(s, self.x, start + i * S::LANES));
            }
        }
        let mut all = [f64::NEG_INFINITY; MOST_LANES];
        s.store(s.max(s.max(tops[0], tops[1]), s.max(tops[2], tops[3])), &mut all);
        all.into_iter().fold(f64::NEG_INFINITY, |top, x| if x > top || x.is_nan() { x } else { top })
    }

    /// S, or T where the terms are taken `APART`; NaN where an element is. The terms are kept for [`Work::term`].
    #[inline(always)]
    pub fn sum<S: Simd, const APART: bool>(&mut self, s: S, top: f64) -> f64 {
        let (n, m) = (self.x.len(), s.splat(top));
        let keeps = n <= KEPT;
        let room = if keeps { n.next_multiple_of(2 * S::LANES) } else { 0 };
        if self.terms.len() < room {
            self.terms.resize(room, 0.0);
        }
        let zero = s.splat(0.0);
        let (mut high, mut low) = ([zero; 2], [zero; 2]);
        let mut equals = zero;
        for block in (0..n).step_by(BLOCK) {
            let mut sums = [zero; 2];
            for start in (block..n.min(block + BLOCK)).step_by(2 * S::LANES) {
                for (i, sum) in sums.iter_mut().enumerate() {
                    let start = start + i * S::LANES;
                    let d = s.sub(take(s, self.x, start), m);
                    let mut term = exp_close(s, d);
                    if keeps {
                        s.store(term, &mut self.terms[start..]);
                    }
                    if APART {
                        let equal = s.eq(d, zero);
                        equals = s.add(equals, s.select(equal, s.splat(1.0), zero));
                        term = s.select(equal, zero, term);
                    }
                    *sum = s.add(*sum, term);
                }
            }
            for i in 0..2 {
                let (sum, error) = s.two_sum(high[i], sums[i]);
                (high[i], low[i]) = (sum, s.add(low[i], error));
            }
        }
        let sum = across(s, s.add(s.add(high[0], low[0]), s.add(high[1], low[1])));
        if APART { sum + (across(s, equals) - 1.0) } else { sum }
    }

    /// The terms of the elements from `start` on, whose differences are `d`; after [`Work::sum`].
    #[inline(always)]
    pub fn term<S: Simd>(&self, s: S, d: S::F64, start: usize) -> S::F64 {
        if self.x.len() <= KEPT { s.load(&self.terms[start..]) } else { exp_close(s, d) }
    }

    /// T, or what stands for a smaller one, and a bound of its relative error in units of 2^-53.
    ///
    /// Beside a multiple of 2^-149, all T below 2^-152 are alike.
    #[inline(always)]
    pub fn others<S: Simd>(&mut self, s: S, top: f64) -> (f64, f64) {
        let found = self.sum::<S, true>(s, top);
        let others = if found < TINY { TINY } else { found };
        let spread = logarithm_above(self.x.len()) + logarithm_below(others);
        (others, 8.0 + 2.25 * spread + of_summation(s) + 1.0)
    }
}

/// log(1 + T), and its absolute error: the logarithm does not magnify the relative one of T. NaN where a row has no value.
///
/// Beside a multiple of 2^-149, all T below 2^-152 are alike; of 10^-300, the logarithm of a row's length and that of T
/// are known to 1.
#[inline(always)]
pub fn log_of_sum<S: Simd>(s: S, n: usize, top: S::F64, others: S::F64, summation: f64) -> [S::F64; 2] {
    let others = s.max(s.splat(TINY), others);
    let exponent = s.sub(s.from_i64(s.shr_i64::<52>(s.bits(others))), s.splat(1023.0)); // T >= 2^exponent
    let below = s.max(s.splat(0.0), s.mul(exponent, s.splat(-0.7)));
    let known = 8.0 + 2.25 * logarithm_above(n) + summation + logarithm::BOUND + 2.0;
    let bound = s.fma(below, s.splat(2.25), s.splat(known));
    let proper = s.and_mask(s.lt(s.abs(top), s.splat(f64::INFINITY)), s.not_mask(s.is_nan(others)));
    let log = s.select(proper, log1p(s, others), s.splat(f64::NAN));
    [log, s.mul(s.mul(log, bound), s.splat(UNIT))]
}

/// What stands for a T that is smaller, 0 included, in rows of more than one element.
const TINY: f64 = 1e-300;

// ---------------------------------------------------------------------------------------- in double-double

/// The sum of the terms of a row of numbers in double-double.
pub struct Exact<'a> {
    /// The row; it has a largest element, which is finite, and no NaN.
    pub x: &'a [f32],
    /// The largest element.
    pub top: f64,
    /// T, at least 10^-300.
    pub others: Double,
    /// Bounds the relative error of T.
    pub bound: f64,
}

/// Elements whose terms are summed in vectors.
const PIECE: usize = 1 << 12;

impl Exact<'_> {
    /// In vectors: within 2^-84 for the terms, 2^-86 for a lane's sum of low parts, which are at most 2^10, and 3 u^2 for
    /// each lane's addition.
    pub fn new(x: &[f32]) -> Exact<'_> {
        let top = largest(x);
        let (mut others, mut equals) = (Double::from(0.0), -1.0);
        for piece in x.chunks(PIECE) {
            let (sum, count) = dispatch(Pairs { x: piece, top });
            (others, equals) = (others + sum, equals + count);
        }
        let additions = (MOST_LANES * x.len().div_ceil(PIECE) + 1) as f64;
        let bound = 2f64.powi(-83) + 4.0 * additions * UNIT * UNIT;
        Exact { x, top, others: at_least_tiny(others + equals), bound }
    }

    /// Term by term: the error of a term, and 3 u^2 of each addition.
    pub fn closer(x: &[f32]) -> Exact<'_> {
        let top = largest(x);
        let (mut others, mut equals) = (Double::from(0.0), -1.0);
        for x in x.iter().map(|&x| f64::from(x)) {
            if x == top {
                equals += 1.0;
            } else {
                others = others + exp_double(Double::sum(x, -top));
            }
        }
        let bound = exponential::DOUBLE_BOUND + 4.0 * (x.len() + 1) as f64 * UNIT * UNIT;
        Exact { x, top, others: at_least_tiny(others + equals), bound }
    }

    /// x_i - M, exactly.
    pub fn difference(&self, place: usize) -> Double {
        Double::sum(f64::from(self.x[place]), -self.top)
    }

    /// e^d_i, within [`exponential::DOUBLE_BOUND`].
    pub fn term(&self, place: usize) -> Double {
        exp_double(self.difference(place))
    }

    /// log(1 + T), and a bound of its relative error.
    pub fn log_of_sum(&self) -> (Double, f64) {
        (log1p_double(self.others), self.bound + logarithm::DOUBLE_BOUND)
    }
}

fn largest(x: &[f32]) -> f64 {
    f64::from(x.iter().fold(f32::NEG_INFINITY, |top, &x| top.max(x)))
}

fn at_least_tiny(others: Double) -> Double {
    if others.hi < TINY { Double::from(TINY) } else { others }
}

/// The sum of the terms of the elements that are less than `top`, and the number of those that are equal to it.
struct Pairs<'a> {
    x: &'a [f32],
    top: f64,
}

impl Kernel for Pairs<'_> {
    type Output = (Double, f64);

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> (Double, f64) {
        let zero = s.splat(0.0);
        let (mut high, mut low, mut equals) = (zero, zero, zero);
        for start in (0..self.x.len()).step_by(S::LANES) {
            let (d, rest) = s.two_sum(take(s, self.x, start), s.splat(-self.top));
            let equal = s.eq(d, zero);
            equals = s.add(equals, s.select(equal, s.splat(1.0), zero));
            // Beyond -600, terms are as good as none.
            let counts = s.and_mask(s.lt(s.splat(-600.0), d), s.not_mask(equal));
            let (term, after) = exp_pair(s, d, rest);
            let (sum, error) = s.two_sum(high, s.select(counts, term, zero));
            (high, low) = (sum, s.add(low, s.add(error, s.select(counts, after, zero))));
        }
        let (mut highs, mut lows) = ([0.0; MOST_LANES], [0.0; MOST_LANES]);
        s.store(high, &mut highs);
        s.store(low, &mut lows);
        let sum = highs.iter().zip(&lows).fold(Double::from(0.0), |sum, (&high, &low)| sum + Double::sum(high, low));
        (sum, across(s, equals))
    }
}
