//! Sums of binary32 numbers, rounded once (contract N3.1, N3.2), by stages, each for what the one before leaves
//! undecided: a plain sum in binary64 with the sum of magnitudes, which bounds its error; one by TwoSum with the sum of
//! the errors' magnitudes, which is exact where they are zero, as with integers and other numbers on a grid; and the
//! exact one of [`crate::exact`].
//!
//! u = 2^-53. A sum in which no term passes through more than d additions is off by at most d u / (1 - d u) times the sum of
//! magnitudes (N. Higham, Accuracy and Stability of Numerical Algorithms, 4.2); d is counted along. Nothing over- or
//! underflows: sums of binary32 numbers are multiples of 2^-149 and far below 2^1023. So where an infinity or a NaN comes
//! out, one went in, and it is the one that N3.2 says. Every sum begins with +0, so that one of zeros is +0.

use crate::double::{Double, UNIT, nearest, two_sum};
use crate::exact::Exact;
use crate::reduce::{ABREAST, Fold, add_to};
use crate::simd::{Kernel, MOST_LANES, Simd, dispatch};

/// The sum of the lanes, two by two.
#[inline(always)]
pub fn across<S: Simd>(s: S, x: S::F64) -> f64 {
    let mut lanes = [0.0; MOST_LANES];
    s.store(x, &mut lanes);
    let mut width = S::LANES;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
    }
    lanes[0]
}

/// Vectors that are summed side by side.
pub const SIDES: usize = 4;

/// The sum of one vector of each side, two by two.
#[inline(always)]
pub fn sides<S: Simd>(s: S, x: [S::F64; SIDES]) -> S::F64 {
    s.add(s.add(x[0], x[1]), s.add(x[2], x[3]))
}

/// More additions than a term passes through in [`sides`] and [`across`], and where a last vector is added.
pub const ACROSS: u32 = 2 + 3 + 1;

/// The sum (a quotient of 1), or the mean.
#[derive(Clone, Copy, Debug)]
pub struct Sum {
    /// Whether it is divided by the number of elements.
    pub mean: bool,
}

/// A sum in binary64.
#[derive(Clone, Copy, Debug)]
pub struct Partial {
    sum: f64,
    /// The sum of magnitudes.
    magnitude: f64,
    /// No term has passed through more additions.
    depth: u32,
}

/// Sums of columns.
#[derive(Clone, Debug)]
pub struct Partials {
    sums: Vec<f64>,
    magnitudes: Vec<f64>,
    depth: u32,
}

impl Sum {
    #[inline(always)]
    fn divisor(self, n: usize) -> f64 {
        if self.mean { n as f64 } else { 1.0 }
    }
}

/// The interval around a sum, or around a quotient, in binary32.
///
/// `depth` and four more units: one for the terms in u^2 and the rounded magnitudes, one for the end, which is at most the sum
/// of magnitudes, two to spare. A quotient and its end err by a unit each of itself, which is no more than the sum of magnitudes
/// divided; n < 2^53 is exact.
#[inline(always)]
fn interval(sum: f64, magnitude: f64, depth: u32, divisor: f64) -> (f32, f32) {
    let bound = magnitude * (f64::from(depth + 6) * UNIT);
    let (value, bound) = if divisor == 1.0 { (sum, bound) } else { (sum / divisor, bound / divisor) };
    ((value - bound) as f32, (value + bound) as f32)
}

impl Fold for Sum {
    type Out = f32;
    type State = Partial;
    type Block = Partials;
    type Again = Precise;

    fn again(self) -> Option<Precise> {
        Some(Precise { mean: self.mean })
    }

    #[inline(always)]
    fn stretch<S: Simd>(self, s: S, x: &[f32], _: usize) -> Partial {
        let zero = s.splat(0.0);
        let (mut sums, mut magnitudes) = ([zero; SIDES], [zero; SIDES]);
        let groups = x.chunks_exact(SIDES * S::LANES);
        let rest = groups.remainder();
        let vectors = rest.chunks_exact(S::LANES);
        let last = vectors.remainder();
        let mut depth = last.len() as u32;
        if x.len() >= S::LANES {
            depth = depth.max((groups.len() + 1) as u32 + ACROSS) + 1;
            for group in groups {
                for side in 0..SIDES {
                    let x = s.widen(s.load_f32(&group[side * S::LANES..]));
                    sums[side] = s.add(sums[side], x);
                    magnitudes[side] = s.add(magnitudes[side], s.abs(x));
                }
            }
            for (side, vector) in vectors.enumerate() {
                let x = s.widen(s.load_f32(vector));
                sums[side] = s.add(sums[side], x);
                magnitudes[side] = s.add(magnitudes[side], s.abs(x));
            }
        }
        let (mut sum, mut magnitude) = (0.0, 0.0);
        for &x in last {
            sum += f64::from(x);
            magnitude += f64::from(x).abs();
        }
        if x.len() >= S::LANES {
            sum += across(s, sides(s, sums));
            magnitude += across(s, sides(s, magnitudes));
        }
        Partial { sum, magnitude, depth }
    }

    #[inline(always)]
    fn join(self, x: Partial, y: Partial) -> Partial {
        Partial { sum: x.sum + y.sum, magnitude: x.magnitude + y.magnitude, depth: x.depth.max(y.depth) + 1 }
    }

    #[inline(always)]
    fn result(self, state: Partial, n: usize) -> Option<f32> {
        let (low, high) = interval(state.sum, state.magnitude, state.depth, self.divisor(n));
        if low.to_bits() == high.to_bits() {
            Some(low)
        } else if state.sum.is_finite() {
            None
        } else {
            Some(state.sum as f32)
        }
    }

    #[inline(never)]
    fn settle(self, row: &[f32]) -> f32 {
        Precise { mean: self.mean }.of_row(row)
    }

    #[inline(always)]
    fn block(self, _: &[&[f32]], width: usize, _: usize) -> Partials {
        Partials { sums: vec![0.0; width], magnitudes: vec![0.0; width], depth: 0 }
    }

    #[inline(always)]
    fn rows<S: Simd, const N: usize>(self, s: S, rows: [&[f32]; N], _: usize, block: &mut Partials) {
        let width = rows[0].len();
        let (sums, magnitudes) = (&mut block.sums[..width], &mut block.magnitudes[..width]);
        let whole = width / S::LANES * S::LANES;
        let rows = rows.map(|row| &row[..width]);
        for i in (0..whole).step_by(S::LANES) {
            let (mut x, mut sizes) = ([s.splat(0.0); N], [s.splat(0.0); N]);
            for row in 0..N {
                x[row] = s.widen(s.load_f32(&rows[row][i..]));
                sizes[row] = s.abs(x[row]);
            }
            s.store(s.add(s.load(&sums[i..]), pairs(s, x)), &mut sums[i..]);
            s.store(s.add(s.load(&magnitudes[i..]), pairs(s, sizes)), &mut magnitudes[i..]);
        }
        for i in whole..width {
            let mut x = [0.0; N];
            for row in 0..N {
                x[row] = f64::from(rows[row][i]);
            }
            sums[i] += pairs_of_numbers(x);
            magnitudes[i] += pairs_of_numbers(x.map(f64::abs));
        }
        // At first there is a zero, to which adding is exact; of four rows, a term passes through two more.
        block.depth += if block.depth == 0 { 2 } else { 1 };
    }

    fn join_blocks(self, mut x: Partials, y: Partials) -> Partials {
        add_to(&mut x.sums, &y.sums);
        add_to(&mut x.magnitudes, &y.magnitudes);
        x.depth = x.depth.max(y.depth) + 1;
        x
    }

    #[inline(always)]
    fn column(self, block: &Partials, i: usize) -> Partial {
        Partial { sum: block.sums[i], magnitude: block.magnitudes[i], depth: block.depth }
    }

    #[inline(always)]
    fn results(self, block: &Partials, n: usize, out: &mut [f32], open: &mut Vec<usize>) {
        let divisor = self.divisor(n);
        // Those that differ are listed without a branch: there may be many.
        let mut places = vec![0; out.len() + 1];
        let mut count = 0;
        let columns = block.sums.iter().zip(&block.magnitudes);
        for (i, (to, (&sum, &magnitude))) in out.iter_mut().zip(columns).enumerate() {
            let (low, high) = interval(sum, magnitude, block.depth, divisor);
            *to = low;
            places[count] = i;
            count += usize::from(low.to_bits() != high.to_bits());
        }
        for &i in &places[..count] {
            match self.result(self.column(block, i), n) {
                Some(result) => out[i] = result,
                None => open.push(i),
            }
        }
    }
}

/// The sum of one vector, or of ABREAST, two by two.
#[inline(always)]
pub fn pairs<S: Simd, const N: usize>(s: S, x: [S::F64; N]) -> S::F64 {
    const { assert!(N == 1 || N == ABREAST && ABREAST == 4) };
    if N == 1 { x[0] } else { s.add(s.add(x[0], x[1 % N]), s.add(x[2 % N], x[3 % N])) }
}

#[inline(always)]
fn pairs_of_numbers<const N: usize>(x: [f64; N]) -> f64 {
    if N == 1 { x[0] } else { (x[0] + x[1 % N]) + (x[2 % N] + x[3 % N]) }
}

/// What is summed: binary32 numbers, or products of two of them, which binary64 has exactly.
pub trait Term: Copy {
    /// The first vector of some terms.
    fn load<S: Simd>(s: S, from: &[Self]) -> S::F64;

    /// One term.
    fn number(self) -> f64;
}

impl Term for f32 {
    #[inline(always)]
    fn load<S: Simd>(s: S, from: &[f32]) -> S::F64 {
        s.widen(s.load_f32(from))
    }

    #[inline(always)]
    fn number(self) -> f64 {
        f64::from(self)
    }
}

impl Term for f64 {
    #[inline(always)]
    fn load<S: Simd>(s: S, from: &[f64]) -> S::F64 {
        s.load(from)
    }

    #[inline(always)]
    fn number(self) -> f64 {
        self
    }
}

/// RN of the exact sum of any terms, as N3.2 has it.
pub fn total<T: Term>(terms: &[T]) -> f32 {
    let sum = Compensated::of(terms);
    if !sum.high.is_finite() {
        return sum.high as f32;
    }
    sum.quotient(1).unwrap_or_else(|| exact(terms).round())
}

/// The exact sum of finite terms.
fn exact<T: Term>(terms: &[T]) -> Exact {
    let mut sum = Exact::new();
    terms.iter().for_each(|term| sum.add(term.number()));
    sum
}

/// The sum or the mean of finite numbers by TwoSum, or else exactly.
#[derive(Clone, Copy, Debug)]
pub struct Precise {
    /// Whether it is divided by the number of elements.
    pub mean: bool,
}

/// A sum by TwoSum.
///
/// The errors are summed plainly, each passing through `depth` additions, and so are their magnitudes: where these are
/// zero, all additions were exact.
#[derive(Clone, Copy, Debug)]
pub struct Compensated {
    /// The sum in binary64.
    pub high: f64,
    /// The sum of the errors that it left,
    pub low: f64,
    /// and that of their magnitudes.
    pub size: f64,
    /// No error has passed through more additions.
    pub depth: u32,
}

/// The same of columns.
#[derive(Clone, Debug)]
pub struct Compensations {
    high: Vec<f64>,
    low: Vec<f64>,
    size: Vec<f64>,
    depth: u32,
}

impl Compensated {
    /// Nothing yet.
    pub const ZERO: Compensated = Compensated { high: 0.0, low: 0.0, size: 0.0, depth: 0 };

    /// Add a term.
    #[inline(always)]
    pub fn add(&mut self, x: f64) {
        let (high, error) = two_sum(self.high, x);
        self.high = high;
        self.low += error;
        self.size += error.abs();
        self.depth += 1;
    }

    /// The sum of some terms.
    #[inline]
    pub fn of<T: Term>(terms: &[T]) -> Compensated {
        if terms.len() > SHORT {
            return dispatch(TwoSums { terms });
        }
        let mut sum = Compensated::ZERO;
        terms.iter().for_each(|term| sum.add(term.number()));
        sum
    }

    /// RN of the exact sum divided by `divisor`; `None` where that is open.
    #[inline]
    pub fn quotient(self, divisor: u64) -> Option<f32> {
        if self.size == 0.0 && divisor == 1 {
            return Some(self.high as f32);
        }
        self.inexact_quotient(divisor)
    }

    fn inexact_quotient(self, divisor: u64) -> Option<f32> {
        let n = divisor as f64;
        if self.size == 0.0 {
            // The rest of the division is a binary64 number, and says on which side of what is rounded the quotient is.
            let quotient = self.high / n;
            let rest = (-quotient).mul_add(n, self.high);
            return Some(nearest(quotient, rest / n));
        }
        let bound = self.size * (f64::from(self.depth + 4) * UNIT);
        let sum = Double::sum(self.high, self.low);
        if divisor == 1 {
            return sum.round_within(bound);
        }
        // The quotient errs by 15 u^2, which is below 2^-102.
        let quotient = sum / Double::from(n);
        quotient.round_within(bound / n * 1.01 + quotient.hi.abs() * 2f64.powi(-101))
    }
}

impl Precise {
    #[inline(always)]
    fn divisor(self, n: usize) -> u64 {
        if self.mean { n as u64 } else { 1 }
    }

    /// RN of the result of a row of finite numbers.
    pub fn of_row(self, row: &[f32]) -> f32 {
        let state = Compensated::of(row);
        state.quotient(self.divisor(row.len())).unwrap_or_else(|| self.settle(row))
    }
}

/// Terms that are summed one by one sooner than in vectors.
const SHORT: usize = 16;

struct TwoSums<'a, T> {
    terms: &'a [T],
}

impl<T: Term> Kernel for TwoSums<'_, T> {
    type Output = Compensated;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Compensated {
        two_sums(s, self.terms)
    }
}

#[inline(always)]
fn two_sums<S: Simd, T: Term>(s: S, terms: &[T]) -> Compensated {
    let zero = s.splat(0.0);
    let (mut sums, mut errors, mut sizes) = ([zero; SIDES], [zero; SIDES], [zero; SIDES]);
    let groups = terms.chunks_exact(SIDES * S::LANES);
    let (rest, count) = (groups.remainder(), groups.len());
    for group in groups {
        for side in 0..SIDES {
            let (sum, error) = s.two_sum(sums[side], T::load(s, &group[side * S::LANES..]));
            sums[side] = sum;
            errors[side] = s.add(errors[side], error);
            sizes[side] = s.add(sizes[side], s.abs(error));
        }
    }
    let mut state = Compensated { depth: count as u32 + ACROSS, ..Compensated::ZERO };
    if count > 0 {
        for side in sums {
            let mut lanes = [0.0; MOST_LANES];
            s.store(side, &mut lanes);
            lanes[..S::LANES].iter().for_each(|&x| state.add(x));
        }
        state.low += across(s, sides(s, errors));
        state.size += across(s, sides(s, sizes));
    }
    rest.iter().for_each(|term| state.add(term.number()));
    state
}

impl Fold for Precise {
    type Out = f32;
    type State = Compensated;
    type Block = Compensations;
    type Again = Precise;

    #[inline(always)]
    fn stretch<S: Simd>(self, s: S, x: &[f32], _: usize) -> Compensated {
        two_sums(s, x)
    }

    #[inline(always)]
    fn join(self, mut x: Compensated, y: Compensated) -> Compensated {
        x.depth = x.depth.max(y.depth) + 1;
        x.add(y.high);
        Compensated { low: x.low + y.low, size: x.size + y.size, ..x }
    }

    #[inline(always)]
    fn result(self, state: Compensated, n: usize) -> Option<f32> {
        state.quotient(self.divisor(n))
    }

    fn settle(self, row: &[f32]) -> f32 {
        let sum = exact(row);
        if self.mean { sum.round_quotient(row.len() as u64) } else { sum.round() }
    }

    fn block(self, _: &[&[f32]], width: usize, _: usize) -> Compensations {
        Compensations { high: vec![0.0; width], low: vec![0.0; width], size: vec![0.0; width], depth: 0 }
    }

    #[inline(always)]
    fn rows<S: Simd, const N: usize>(self, s: S, rows: [&[f32]; N], _: usize, block: &mut Compensations) {
        let width = rows[0].len();
        let (high, low, size) = (&mut block.high[..width], &mut block.low[..width], &mut block.size[..width]);
        let whole = width / S::LANES * S::LANES;
        for i in (0..whole).step_by(S::LANES) {
            let (mut sum, mut errors, mut sizes) = (s.load(&high[i..]), s.load(&low[i..]), s.load(&size[i..]));
            for row in rows {
                let (next, error) = s.two_sum(sum, s.widen(s.load_f32(&row[i..])));
                sum = next;
                errors = s.add(errors, error);
                sizes = s.add(sizes, s.abs(error));
            }
            s.store(sum, &mut high[i..]);
            s.store(errors, &mut low[i..]);
            s.store(sizes, &mut size[i..]);
        }
        for i in whole..width {
            let mut state = Compensated { high: high[i], low: low[i], size: size[i], depth: 0 };
            for row in rows {
                state.add(f64::from(row[i]));
            }
            (high[i], low[i], size[i]) = (state.high, state.low, state.size);
        }
        block.depth += N as u32;
    }

    fn join_blocks(self, mut x: Compensations, y: Compensations) -> Compensations {
        for i in 0..x.high.len() {
            let joined = self.join(self.column(&x, i), self.column(&y, i));
            (x.high[i], x.low[i], x.size[i]) = (joined.high, joined.low, joined.size);
        }
        x.depth = x.depth.max(y.depth) + 2;
        x
    }

    #[inline(always)]
    fn column(self, block: &Compensations, i: usize) -> Compensated {
        Compensated { high: block.high[i], low: block.low[i], size: block.size[i], depth: block.depth }
    }

    #[inline(always)]
    fn results(self, block: &Compensations, n: usize, out: &mut [f32], open: &mut Vec<usize>) {
        if !self.mean && block.size.iter().all(|&size| size == 0.0) {
            out.iter_mut().zip(&block.high).for_each(|(to, &high)| *to = high as f32);
            return;
        }
        for (i, to) in out.iter_mut().enumerate() {
            match self.result(self.column(block, i), n) {
                Some(result) => *to = result,
                None => open.push(i),
            }
        }
    }
}
