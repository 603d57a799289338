//! Rows of numbers and the exponentials of their elements: what softmax and its relatives share.
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

use std::sync::Mutex;

use smallvec::SmallVec;

use crate::array::{Array, Shape, Strides, row_major};
use crate::double::Double;
use crate::environment;
use crate::error::Result;
use crate::exponential::{self, exp_close, exp_double};
use crate::function::Rounded;
use crate::logarithm::{self, log1p, log1p_double};
use crate::simd::{Kernel, Simd, dispatch};
use crate::threads;

/// 2^-53.
pub const UNIT: f64 = 1.0 / (1u64 << 53) as f64;

/// What a function makes of a row.
pub trait RowFunction: Copy + Send + Sync {
    /// The number of elements that a row of `n` becomes.
    fn width(self, n: usize) -> usize;

    /// The function of the row in `work`. The places in `out` that the error bounds leave open are put into `open`; there
    /// are none in a row that has infinities or NaN in the place of numbers.
    fn row<S: Simd>(self, s: S, work: &mut Work<'_>, out: &mut [f32], open: &mut Vec<usize>);

    /// RN of one element, beyond doubt; `None` leaves it to the caller's definition.
    fn accurate(self, row: &Exact<'_>, place: usize) -> Option<f32>;
}

/// Elements that one thread takes at a time, if the rows are shorter.
const PART: usize = 1 << 14;

/// An array as rows that lie side by side.
pub struct Rows {
    /// The array with the rows' axes last, in row-major order.
    array: Array,
    /// Where each of its axes was.
    order: SmallVec<[usize; 6]>,
    /// The number of axes that are not the rows'.
    kept: usize,
    /// The rows' length.
    length: usize,
}

impl Rows {
    /// The rows of `x` along `axes`, which are sorted; a copy where they do not lie so.
    pub fn new(x: &Array, axes: &[usize]) -> Result<Rows> {
        let mut order: SmallVec<[usize; 6]> = (0..x.shape().len()).filter(|axis| !axes.contains(axis)).collect();
        let kept = order.len();
        order.extend_from_slice(axes);
        let shape: Shape = order.iter().map(|&axis| x.shape()[axis]).collect();
        let strides: Strides = order.iter().map(|&axis| x.strides()[axis]).collect();
        let length = shape[kept..].iter().product();
        let array = x.view(x.offset(), shape, strides).contiguous()?;
        Ok(Rows { array, order, kept, length })
    }

    /// The rows' length.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The lengths of the axes, those of the rows last.
    pub fn shape(&self) -> &[usize] {
        self.array.shape()
    }

    /// The lengths of the axes that are not the rows'.
    pub fn kept(&self) -> &[usize] {
        &self.array.shape()[..self.kept]
    }

    /// The function of every row, in the order of the rows; `shape` is `kept` and what becomes of a row.
    pub fn apply<F: RowFunction>(&self, f: F, shape: &[usize]) -> Result<Rounded> {
        let from = self.array.as_slice::<f32>().expect("made contiguous");
        let (length, width) = (self.length, f.width(self.length));
        let undecided = Mutex::new(Vec::new());
        let array = Array::build(shape, |out: &mut [f32]| {
            if out.is_empty() {
                return;
            }
            let at_once = (PART / length.max(width).max(1)).max(1) * width;
            let part = if from.len().max(out.len()) < 2 * PART { out.len() } else { at_once };
            threads::for_each_chunk(out, part, |start, to| {
                let (first, rows) = (start / width, to.len() / width);
                let from = &from[first * length..(first + rows) * length];
                let left = environment::with_default(|| dispatch(Stretch { f, from, to, length, width }));
                if !left.is_empty() {
                    undecided.lock().expect("no panic while it is held").extend(left.iter().map(|place| start + place));
                }
            });
        })?;
        let mut undecided = undecided.into_inner().expect("no panic while it is held");
        undecided.sort_unstable();
        Ok(Rounded { array, undecided })
    }

    /// A result whose elements are in the places of the rows' elements, with its axes where they were in the operand.
    pub fn restored(&self, rounded: Rounded) -> Rounded {
        if self.order.iter().enumerate().all(|(i, &axis)| i == axis) {
            return rounded;
        }
        let moved = rounded.array;
        let mut shape: Shape = SmallVec::from_elem(0, self.order.len());
        let mut strides: Strides = SmallVec::from_elem(0, self.order.len());
        for (i, &axis) in self.order.iter().enumerate() {
            shape[axis] = moved.shape()[i];
            strides[axis] = moved.strides()[i];
        }
        let there = row_major(&shape);
        let place = |mut place: usize| {
            let mut found = 0;
            for (i, &axis) in self.order.iter().enumerate().rev() {
                found += (place % moved.shape()[i]) as isize * there[axis];
                place /= moved.shape()[i];
            }
            found as usize
        };
        let mut undecided: Vec<usize> = rounded.undecided.into_iter().map(place).collect();
        undecided.sort_unstable();
        Rounded { array: moved.view(moved.offset(), shape, strides), undecided }
    }
}

/// The rows that one thread takes.
struct Stretch<'a, F> {
    f: F,
    from: &'a [f32],
    to: &'a mut [f32],
    length: usize,
    width: usize,
}

impl<F: RowFunction> Kernel for Stretch<'_, F> {
    type Output = Vec<usize>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Vec<usize> {
        let (mut undecided, mut open, mut terms) = (Vec::new(), Vec::new(), Vec::new());
        for (i, out) in self.to.chunks_exact_mut(self.width).enumerate() {
            let x = &self.from[i * self.length..(i + 1) * self.length];
            self.f.row(s, &mut Work { x, terms: &mut terms }, out, &mut open);
            if !open.is_empty() {
                settle(self.f, x, out, &mut open, i * self.width, &mut undecided);
            }
        }
        undecided
    }
}

#[cold]
#[inline(never)]
fn settle<F: RowFunction>(
    f: F,
    x: &[f32],
    out: &mut [f32],
    open: &mut Vec<usize>,
    start: usize,
    undecided: &mut Vec<usize>,
) {
    let exact = Exact::new(x);
    for place in open.drain(..) {
        match f.accurate(&exact, place) {
            Some(y) => out[place] = y,
            None => undecided.push(start + place),
        }
    }
}

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

/// Room for the lanes of a vector.
pub const MOST: usize = 8;

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

/// At least log x.
pub fn logarithm_above(x: f64) -> f64 {
    let exponent = (x.to_bits() >> 52) as i64 - 1023; // x < 2^(exponent + 1)
    (exponent + 1) as f64 * if exponent < -1 { 0.693147 } else { 0.693148 }
}

/// At least -log x, for x that is normal or 0.
fn logarithm_below(x: f64) -> f64 {
    let exponent = (x.to_bits() >> 52) as i64 - 1023; // x >= 2^exponent
    -exponent as f64 * if exponent < 0 { 0.693148 } else { 0.693147 }
}

/// The elements of `x` from `start` on, as many as a vector has; -inf where there are no more.
#[inline(always)]
pub fn take<S: Simd>(s: S, x: &[f32], start: usize) -> S::F64 {
    if start + S::LANES <= x.len() {
        return s.widen(s.load_f32(&x[start..]));
    }
    let mut padded = [f32::NEG_INFINITY; MOST];
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
    let mut padded = [0.0; MOST];
    s.store_f32(y, &mut padded);
    let left = out.len() - start;
    out[start..].copy_from_slice(&padded[..left]);
}

/// Where `low` and `high`, the vectors from `start` on, are not the same: `low` is stored, and the places put into `open`.
#[inline(always)]
pub fn decide<S: Simd>(s: S, low: S::F64, high: S::F64, out: &mut [f32], start: usize, open: &mut Vec<usize>) {
    let (low, high) = (s.narrow(low), s.narrow(high));
    put(s, low, out, start);
    let differ = s.bitmask(s.not_mask(s.same_f32(low, high)));
    if differ != 0 {
        open.extend((0..S::LANES).filter(|i| differ >> i & 1 == 1).map(|i| start + i).filter(|&i| i < out.len()));
    }
}

/// The sum of all lanes of two vectors, in pairs.
#[inline(always)]
fn lanes<S: Simd>(s: S, x: S::F64, y: S::F64) -> f64 {
    let mut all = [0.0; MOST];
    s.store(s.add(x, y), &mut all);
    let mut count = S::LANES;
    while count > 1 {
        count /= 2;
        for i in 0..count {
            all[i] += all[i + count];
        }
    }
    all[0]
}

impl Work<'_> {
    /// The largest element: where there is NaN, some element or NaN.
    #[inline(always)]
    pub fn top<S: Simd>(&self, s: S) -> f64 {
        let mut tops = [s.splat(f64::NEG_INFINITY); 4];
        for start in (0..self.x.len()).step_by(4 * S::LANES) {
            for (i, top) in tops.iter_mut().enumerate() {
                *top = s.max(*top, take(s, self.x, start + i * S::LANES));
            }
        }
        let mut all = [f64::NEG_INFINITY; MOST];
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
        let sum = lanes(s, s.add(high[0], low[0]), s.add(high[1], low[1]));
        if APART { sum + (lanes(s, equals, zero) - 1.0) } else { sum }
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
        let spread = logarithm_above(self.x.len() as f64) + logarithm_below(others).max(0.0);
        (others, 8.0 + 2.25 * spread + of_summation(s) + 1.0)
    }

    /// log(1 + T), a bound of its relative error in units of 2^-53; the logarithm does not magnify that of T.
    #[inline(always)]
    pub fn log_of_sum<S: Simd>(&mut self, s: S, top: f64) -> (f64, f64) {
        let (others, bound) = self.others(s, top);
        let mut all = [0.0; MOST];
        s.store(log1p(s, s.splat(others)), &mut all);
        (all[0], bound + logarithm::BOUND + 1.0)
    }
}

/// What stands for a T that is smaller, 0 included, in rows of more than one element.
const TINY: f64 = 1e-300;

// ---------------------------------------------------------------------------------------- in double-double

/// The terms of a row of numbers in double-double.
pub struct Exact<'a> {
    /// The row; it has a largest element, which is finite, and no NaN.
    pub x: &'a [f32],
    /// The largest element.
    pub top: f64,
    /// The terms.
    pub terms: Vec<Double>,
    /// T, at least 10^-300.
    pub others: Double,
    /// Bounds the relative error of T: of the terms, and 3 u^2 of each addition.
    pub bound: f64,
}

impl Exact<'_> {
    fn new(x: &[f32]) -> Exact<'_> {
        let top = f64::from(x.iter().fold(f32::NEG_INFINITY, |top, &x| top.max(x)));
        let terms: Vec<Double> = x.iter().map(|&x| exp_double(Double::sum(f64::from(x), -top))).collect();
        let mut equals = 0usize;
        let mut others = Double::from(0.0);
        for (&x, &term) in x.iter().zip(&terms) {
            if f64::from(x) == top {
                equals += 1;
            } else {
                others = others + term;
            }
        }
        others = others + (equals - 1) as f64;
        if others.hi < TINY {
            others = Double::from(TINY);
        }
        let bound = exponential::DOUBLE_BOUND + 4.0 * (x.len() + 1) as f64 * UNIT * UNIT;
        Exact { x, top, terms, others, bound }
    }

    /// x_i - M, exactly.
    pub fn difference(&self, place: usize) -> Double {
        Double::sum(f64::from(self.x[place]), -self.top)
    }

    /// log(1 + T), and a bound of its relative error.
    pub fn log_of_sum(&self) -> (Double, f64) {
        (log1p_double(self.others), self.bound + logarithm::DOUBLE_BOUND)
    }
}
