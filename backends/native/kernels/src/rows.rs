//! Rows of an array, wherever they lie, and functions of them that are rounded once: one row after the other, or as many
//! side by side as a vector has lanes. What such a function computes is found in [`crate::terms`].

use smallvec::SmallVec;

use crate::array::{Array, Shape, Strides, row_major, size_of_shape};
use crate::error::Result;
use crate::exponential::exp_close;
use crate::function::{Rounded, in_parts};
use crate::simd::{Kernel, MOST_LANES, Simd, dispatch};
use crate::terms::{Exact, Work, decide, of_summation, take};
use crate::threads;

/// What a function makes of a row.
pub trait RowFunction: Copy + Send + Sync {
    /// The number of elements that a row of `n` becomes.
    fn width(self, n: usize) -> usize;

    /// The function of the row in `work`. The places in `out` that the error bounds leave open are put into `open`.
    fn row<S: Simd>(self, s: S, work: &mut Work<'_>, out: &mut [f32], open: &mut Vec<usize>);

    /// The result of a row that has NaN or whose largest element is infinite, where such a row is left open.
    fn improper(self, _: &[f32]) -> Option<f32> {
        None
    }

    /// RN of one element, beyond doubt; `None` leaves it to the caller's definition.
    fn accurate(self, row: &Exact<'_>, place: usize) -> Option<f32>;
}

/// A function of rows that is one formula of a row's M and S (or T) and of each element, and so can be computed for as
/// many rows side by side as a vector has lanes.
pub trait TermFunction: Copy + Send + Sync {
    /// Whether it is T that is taken, and not S.
    const APART: bool;
    /// Whether there is a result for each element, and not one for the row.
    const MAPS: bool;

    /// The result of a row of one element.
    fn alone(self, x: f32) -> f32;

    /// What `ends` needs of rows of `n` with the largest element `top`, and S (or T) of which `summation` bounds the
    /// error of the summation; NaN where a row has NaN or infinities that leave it without a value.
    fn prepare<S: Simd>(self, s: S, n: usize, top: S::F64, sum: S::F64, summation: f64) -> [S::F64; 2];

    /// Two numbers between which the result lies, for elements that are `d` above the largest, and their terms; or where
    /// there is one for the row, for its largest element.
    fn ends<S: Simd>(self, s: S, row: [S::F64; 2], x: S::F64, term: S::F64) -> (S::F64, S::F64);

    /// As [`RowFunction::improper`].
    fn improper(self, _: &[f32]) -> Option<f32> {
        None
    }

    /// As [`RowFunction::accurate`].
    fn accurate(self, row: &Exact<'_>, place: usize) -> Option<f32>;
}

impl<F: TermFunction> RowFunction for F {
    fn width(self, n: usize) -> usize {
        if F::MAPS { n } else { 1 }
    }

    #[inline(always)]
    fn row<S: Simd>(self, s: S, work: &mut Work<'_>, out: &mut [f32], open: &mut Vec<usize>) {
        if let [x] = work.x {
            out[0] = self.alone(*x);
            return;
        }
        let top = work.top(s);
        let sum = if F::APART { work.sum::<S, true>(s, top) } else { work.sum::<S, false>(s, top) };
        let top = s.splat(top);
        let row = self.prepare(s, work.x.len(), top, s.splat(sum), of_summation(s));
        if F::MAPS {
            for start in (0..out.len()).step_by(S::LANES) {
                let d = s.sub(take(s, work.x, start), top);
                let (low, high) = self.ends(s, row, d, work.term(s, d, start));
                decide(s, low, high, out, start, open);
            }
        } else {
            let (low, high) = self.ends(s, row, top, s.splat(1.0));
            decide(s, low, high, out, 0, open);
            if out[0].is_nan() && open.is_empty() {
                open.push(0);
            }
        }
    }

    fn improper(self, x: &[f32]) -> Option<f32> {
        TermFunction::improper(self, x)
    }

    fn accurate(self, row: &Exact<'_>, place: usize) -> Option<f32> {
        TermFunction::accurate(self, row, place)
    }
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
        x.of::<f32>()?;
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
        let size = size_of_shape(shape)?;
        let some = (PART / length.max(width).max(1)).max(1) * width;
        let part = if from.len().max(size) < 2 * PART { size } else { some };
        in_parts(shape, part, |start, to| {
            let (first, rows) = (start / width, to.len() / width);
            let from = &from[first * length..(first + rows) * length];
            dispatch(Stretch { f, from, to, length, width })
        })
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
            self.f.row(s, &mut Work::new(x, &mut terms), out, &mut open);
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
    if let Some(y) = f.improper(x) {
        open.drain(..).for_each(|place| out[place] = y);
        return;
    }
    let (row, mut closer) = (Exact::new(x), None);
    for place in open.drain(..) {
        let found = f.accurate(&row, place);
        match found.or_else(|| f.accurate(closer.get_or_insert_with(|| Exact::closer(x)), place)) {
            Some(y) => out[place] = y,
            None => undecided.push(start + place),
        }
    }
}

// ----------------------------------------------------------------------------------------- rows side by side

/// Rows of at most this length go side by side, if their elements lie together: there are fewer lanes to be filled.
const SHORT: usize = 48;

/// Rows of at most this length go side by side, if their neighbours' elements lie together: their terms stay in cache.
const LONG: usize = 1 << 12;

/// Terms that are summed in a lane before their sum is added to the sums' accurate sum.
const COLUMN: usize = 32;

/// The function of every row of `x` along `axes`, which are sorted; its result has the shape `shape`.
pub fn apply<F: TermFunction>(f: F, x: &Array, axes: &[usize], shape: &[usize]) -> Result<Rounded> {
    if let Some(columns) = Columns::of(x.of::<f32>()?, axes) {
        return columns.apply(f, x, shape);
    }
    let rows = Rows::new(x, axes)?;
    if F::MAPS { Ok(rows.restored(rows.apply(f, rows.shape())?)) } else { rows.apply(f, shape) }
}

/// Rows in an array of which (i, j, k) is element j of row (i, k).
#[derive(Clone, Copy)]
struct Columns {
    outer: usize,
    length: usize,
    inner: usize,
}

impl Columns {
    /// The rows of `x`, where they lie so, and go faster side by side.
    fn of(x: &Array, axes: &[usize]) -> Option<Columns> {
        let (first, last) = (*axes.first()?, *axes.last()?);
        if last - first + 1 != axes.len() || !x.is_contiguous() || x.size() == 0 {
            return None;
        }
        let product = |axes: std::ops::Range<usize>| x.shape()[axes].iter().product::<usize>();
        let (outer, length, inner) = (product(0..first), product(first..last + 1), product(last + 1..x.shape().len()));
        let fit = if inner == 1 {
            length <= SHORT && outer > 1
        } else {
            // Threads share out `outer`; without enough of it, a copy that they share is faster.
            length <= LONG && inner >= MOST_LANES && (outer >= threads::count() || x.size() < 2 * PART)
        };
        (fit && length > 1).then_some(Columns { outer, length, inner })
    }

    fn apply<F: TermFunction>(self, f: F, x: &Array, shape: &[usize]) -> Result<Rounded> {
        let from = x.as_slice::<f32>().expect("it is contiguous");
        let Columns { outer, length, inner } = self;
        let width = if F::MAPS { length } else { 1 };
        // Whole vectors of rows, where a part has more than one of `outer`.
        let lanes = if inner == 1 { MOST_LANES } else { 1 };
        let some = (PART / (length * inner)).next_multiple_of(MOST_LANES).max(lanes);
        let some = if from.len() < 2 * PART { outer } else { some };
        in_parts(shape, some * width * inner, |start, to| {
            let first = start / (width * inner);
            let columns = Columns { outer: to.len() / (width * inner), length, inner };
            let from = &from[first * length * inner..(first + columns.outer) * length * inner];
            dispatch(Abreast { f, from, to, columns })
        })
    }
}

/// The rows that one thread takes.
struct Abreast<'a, F> {
    f: F,
    from: &'a [f32],
    to: &'a mut [f32],
    columns: Columns,
}

impl<F: TermFunction> Kernel for Abreast<'_, F> {
    type Output = Vec<usize>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Vec<usize> {
        let Columns { outer, length, inner } = self.columns;
        let width = if F::MAPS { length } else { 1 };
        let mut group =
            Group { x: vec![0.0; length * S::LANES], terms: vec![0.0; length * S::LANES], open: Vec::new() };
        let mut results = vec![0.0; width * S::LANES];
        let mut undecided = Vec::new();
        // Neighbours are the next of `inner`, or if there is but one, of `outer`; their elements are `pace` apart.
        let (outer, inner, pace, stride) = if inner == 1 { (1, outer, length, 1) } else { (outer, inner, 1, inner) };
        let (to_pace, to_stride) = if stride == 1 { (width, 1) } else { (1, inner) };
        for i in 0..outer {
            for k in (0..inner).step_by(S::LANES) {
                let count = S::LANES.min(inner - k);
                let from = &self.from[i * length * inner + k * pace..];
                let first = i * width * inner + k * to_pace;
                copy(from, pace, stride, &mut group.x, 1, S::LANES, count, length);
                group.run(s, self.f, length, &mut results);
                for lane in 0..count {
                    let places = group.open.iter().filter(|open| open.0 == lane).map(|open| open.1);
                    let mut open: Vec<usize> = places.collect();
                    if !open.is_empty() {
                        let x: Vec<f32> = group.x.iter().skip(lane).step_by(S::LANES).copied().collect();
                        let mut row: Vec<f32> = results.iter().skip(lane).step_by(S::LANES).copied().collect();
                        let mut left = Vec::new();
                        settle(self.f, &x, &mut row, &mut open, 0, &mut left);
                        results.iter_mut().skip(lane).step_by(S::LANES).zip(row).for_each(|(to, y)| *to = y);
                        undecided.extend(left.iter().map(|place| first + lane * to_pace + place * to_stride));
                    }
                }
                copy(&results, 1, S::LANES, &mut self.to[first..], to_pace, to_stride, count, width);
            }
        }
        undecided
    }
}

/// Copy `count` rows of `length`: `pace` is how far apart the rows are, and `stride` their elements.
#[inline(always)]
#[allow(clippy::too_many_arguments, reason = "two tables, with their strides and their common size")]
fn copy(
    from: &[f32],
    pace: usize,
    stride: usize,
    to: &mut [f32],
    to_pace: usize,
    to_stride: usize,
    count: usize,
    length: usize,
) {
    if pace == 1 && to_pace == 1 {
        for j in 0..length {
            to[j * to_stride..][..count].copy_from_slice(&from[j * stride..][..count]);
        }
    } else {
        for lane in 0..count {
            for j in 0..length {
                to[lane * to_pace + j * to_stride] = from[lane * pace + j * stride];
            }
        }
    }
}

/// As many rows as a vector has lanes, element by element.
struct Group {
    x: Vec<f32>,
    terms: Vec<f64>,
    /// The lanes and places that are open.
    open: Vec<(usize, usize)>,
}

impl Group {
    #[inline(always)]
    fn run<S: Simd, F: TermFunction>(&mut self, s: S, f: F, n: usize, results: &mut [f32]) {
        let zero = s.splat(0.0);
        let mut top = s.splat(f64::NEG_INFINITY);
        for x in self.x.chunks_exact(S::LANES) {
            top = s.max(top, s.widen(s.load_f32(x)));
        }
        let (mut high, mut low, mut equals) = (zero, zero, zero);
        for (xs, terms) in self.x.chunks(COLUMN * S::LANES).zip(self.terms.chunks_mut(COLUMN * S::LANES)) {
            let mut sum = zero;
            for (x, to) in xs.chunks_exact(S::LANES).zip(terms.chunks_exact_mut(S::LANES)) {
                let d = s.sub(s.widen(s.load_f32(x)), top);
                let mut term = exp_close(s, d);
                s.store(term, to);
                if F::APART {
                    let equal = s.eq(d, zero);
                    equals = s.add(equals, s.select(equal, s.splat(1.0), zero));
                    term = s.select(equal, zero, term);
                }
                sum = s.add(sum, term);
            }
            let (total, error) = s.two_sum(high, sum);
            (high, low) = (total, s.add(low, error));
        }
        let sum = s.add(high, low);
        let sum = if F::APART { s.add(sum, s.sub(equals, s.splat(1.0))) } else { sum };
        let row = f.prepare(s, n, top, sum, (COLUMN + 3) as f64);
        self.open.clear();
        if F::MAPS {
            let rows = self.x.chunks_exact(S::LANES).zip(self.terms.chunks_exact(S::LANES));
            for (j, ((x, term), to)) in rows.zip(results.chunks_exact_mut(S::LANES)).enumerate() {
                let d = s.sub(s.widen(s.load_f32(x)), top);
                let (low, high) = f.ends(s, row, d, s.load(term));
                let nan = s.is_nan(low);
                let (low, high) = (s.narrow(low), s.narrow(high));
                s.store_f32(low, to);
                let open = s.bitmask(s.not_mask(s.or_mask(s.same_f32(low, high), nan)));
                if open != 0 {
                    self.open.extend((0..S::LANES).filter(|lane| open >> lane & 1 == 1).map(|lane| (lane, j)));
                }
            }
        } else {
            let (low, high) = f.ends(s, row, top, s.splat(1.0));
            let lost = s.is_nan(low);
            let (low, high) = (s.narrow(low), s.narrow(high));
            s.store_f32(low, results);
            let open = s.bitmask(s.or_mask(s.not_mask(s.same_f32(low, high)), lost));
            if open != 0 {
                self.open.extend((0..S::LANES).filter(|lane| open >> lane & 1 == 1).map(|lane| (lane, 0)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::log_softmax::LogSoftmax;
    use crate::ops::logsumexp::LogSumExp;
    use crate::ops::softmax::Softmax;
    use crate::simd::Level;

    /// Rows of several kinds: near to each other, far apart, of small integers, with infinities that have a limit.
    fn rows(count: usize, n: usize) -> Vec<f32> {
        let mut state = n as u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u32 << 24) as f32 - 0.5
        };
        let mut element = |kind: usize| match kind % 5 {
            0 => 4.0 * next(),
            1 => 200.0 * next(),
            2 => (8.0 * next()).round(),
            3 => 1e-6 * next(),
            _ => {
                if next() < -0.25 {
                    f32::NEG_INFINITY
                } else {
                    1e4 * next()
                }
            }
        };
        (0..count * n).map(|i| if i % n == 0 { 1.0 } else { element(i / n) }).collect()
    }

    fn is_right<F: TermFunction>(f: F, x: &Array, axes: &[usize], shape: &[usize], data: &[f32], n: usize) -> Vec<f32> {
        let rounded = apply(f, x, axes, shape).unwrap();
        assert!(rounded.undecided.is_empty());
        // The elements row by row, wherever the rows are.
        let result = if F::MAPS { Rows::new(&rounded.array, axes).unwrap().array } else { rounded.array };
        let result = result.to_vec::<f32>();
        let width = if F::MAPS { n } else { 1 };
        for (x, y) in data.chunks(n).zip(result.chunks(width)) {
            let row = Exact::closer(x);
            for (place, &y) in y.iter().enumerate() {
                assert_eq!(
                    Some(y.to_bits()),
                    TermFunction::accurate(f, &row, place).map(f32::to_bits),
                    "{place} of {x:?}"
                );
            }
        }
        result
    }

    #[test]
    fn vectors_and_double_double_agree_wherever_the_rows_are() {
        for level in Level::ALL.into_iter().filter(|&level| level <= Level::best()) {
            level.set().expect("the machine has it");
            for n in [2, 3, 7, 10, 33, 48, 49, 64, 300, 1027] {
                let (outer, inner) = (3, 11);
                let data = rows(outer * inner, n);
                let x = Array::from_slice(&data, &[outer, inner, n]).unwrap();
                // The same rows along the middle axis: of a view, and of a copy of it.
                let strides = [inner * n, 1, n].map(|stride| stride as isize);
                let turned = x.view(0, [outer, n, inner].as_slice().into(), strides.as_slice().into());
                let copied = turned.contiguous().unwrap();
                for (x, axis) in [(&x, 2), (&turned, 1), (&copied, 1)] {
                    is_right(Softmax, x, &[axis], x.shape(), &data, n);
                    is_right(LogSoftmax, x, &[axis], x.shape(), &data, n);
                    is_right(LogSumExp, x, &[axis], &[outer, inner], &data, n);
                }
                is_right(Softmax, &x, &[1, 2], x.shape(), &data, inner * n);
                is_right(LogSumExp, &x, &[0, 1, 2], &[], &data, outer * inner * n);
            }
        }
    }

    #[test]
    fn sums_in_vectors_and_term_by_term_agree() {
        for level in Level::ALL.into_iter().filter(|&level| level <= Level::best()) {
            level.set().expect("the machine has it");
            for x in rows(5, 9001).chunks(9001) {
                let (row, closer) = (Exact::new(x), Exact::closer(x));
                let difference = (row.others - closer.others).hi.abs();
                assert!(difference <= (row.bound + closer.bound) * closer.others.hi, "{difference:e}");
            }
        }
    }
}
