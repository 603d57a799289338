//! The way through several strided arrays at once, row by row, in row-major order: no arithmetic of indices for an element.

use std::ops::Range;

use smallvec::SmallVec;

use crate::array::{Array, Shape};

/// How `N` arrays, broadcast to one shape, are read in row-major order. Neighbouring axes are joined where all arrays
/// allow it.
pub struct Walk<const N: usize> {
    /// The length of a row.
    pub row: usize,
    /// How far apart, in each array, the elements of a row are.
    pub step: [isize; N],
    /// Each array's first element.
    first: [usize; N],
    /// The axes but for that of a row, the last one first, each with the arrays' strides.
    outer: SmallVec<[(usize, [isize; N]); 4]>,
}

impl<const N: usize> Walk<N> {
    /// Through arrays that broadcast to `shape`, which has elements.
    pub fn new(shape: &[usize], arrays: [&Array; N]) -> Walk<N> {
        let stride = |x: &Array, from_end| match x.shape().len().checked_sub(from_end) {
            Some(axis) if x.shape()[axis] != 1 => x.strides()[axis],
            _ => 0,
        };
        Walk::along(shape, arrays.map(Array::offset), |from_end| arrays.map(|x| stride(x, from_end)))
    }

    /// Through elements that begin at `first`, and are as far apart as `strides` says for each axis, counted from the end.
    #[inline(always)]
    fn along(shape: &[usize], first: [usize; N], strides: impl Fn(usize) -> [isize; N]) -> Walk<N> {
        let mut axes: SmallVec<[(usize, [isize; N]); 4]> = SmallVec::new();
        for (from_end, &n) in (1..).zip(shape.iter().rev()).filter(|(_, n)| **n != 1) {
            let strides = strides(from_end);
            match axes.last_mut() {
                Some((length, inner)) if (0..N).all(|k| strides[k] == inner[k] * *length as isize) => *length *= n,
                _ => axes.push((n, strides)),
            }
        }
        let (row, step) = if axes.is_empty() { (1, [1; N]) } else { axes.remove(0) };
        Walk { row, step, first, outer: axes }
    }

    /// Through `length` elements that lie side by side, in every array from its `first` on.
    pub fn straight(length: usize, first: [usize; N]) -> Walk<N> {
        Walk { row: length, step: [1; N], first, outer: SmallVec::new() }
    }

    /// Where short rows lie one after another in some arrays, and in the others are the same one: how often that would
    /// have to be written for rows of `length`, and which arrays these are.
    pub fn repeats(&self, length: usize) -> Option<(usize, [bool; N])> {
        let [(count, strides)] = self.outer[..] else { return None };
        let times = (length / self.row).min(count);
        let fits = |k: usize| self.step[k] == 1 && (strides[k] == 0 || strides[k] == self.row as isize);
        (times > 1 && (0..N).all(fits)).then(|| (times, strides.map(|stride| stride == 0)))
    }

    /// Rows that are so many `times` as long, with the arrays that are `repeated` replaced by such rows. The last row
    /// may reach beyond the arrays: what is asked for does not.
    pub fn lengthen(&mut self, times: usize, repeated: [bool; N]) {
        self.row *= times;
        for (n, strides) in &mut self.outer {
            *n = n.div_ceil(times);
            strides.iter_mut().for_each(|stride| *stride *= times as isize);
        }
        (0..N).filter(|&k| repeated[k]).for_each(|k| self.first[k] = 0);
    }

    /// Every row, or part of one, of the `length` elements from place `start` on.
    #[inline(always)]
    pub fn rows(&self, start: usize, length: usize) -> Rows<'_, N> {
        let mut at = self.first.map(|first| first as isize);
        let mut index = Shape::new();
        if self.outer.is_empty() {
            return Rows { walk: self, index, at, inside: start, done: 0, length };
        }
        let mut rest = start / self.row;
        for (n, strides) in &self.outer {
            index.push(rest % n);
            (0..N).for_each(|k| at[k] += (rest % n) as isize * strides[k]);
            rest /= n;
        }
        Rows { walk: self, index, at, inside: start % self.row, done: 0, length }
    }
}

/// Call `work(start, n, stride)` for every row of elements that have these places in memory, in row-major order. Axes that
/// continue one another are one row.
pub fn for_each_row(shape: &[usize], strides: &[isize], mut work: impl FnMut(isize, usize, isize)) {
    if shape.contains(&0) {
        return;
    }
    let walk = Walk::along(shape, [0], |from_end| [strides[shape.len() - from_end]]);
    let size = shape.iter().product();
    for (places, [start]) in walk.rows(0, size) {
        work(start as isize, places.len(), walk.step[0]);
    }
}

/// Rows, each as the places of its elements, counted from the start of the walk, and the first one's element in each
/// array.
///
/// An iterator, and no function that takes the work: that would be compiled apart, without the instructions of its level.
pub struct Rows<'a, const N: usize> {
    walk: &'a Walk<N>,
    index: Shape,
    at: [isize; N],
    inside: usize,
    done: usize,
    length: usize,
}

impl<const N: usize> Iterator for Rows<'_, N> {
    type Item = (Range<usize>, [usize; N]);

    #[inline(always)]
    fn next(&mut self) -> Option<(Range<usize>, [usize; N])> {
        if self.done == self.length {
            return None;
        }
        let walk = self.walk;
        let n = (walk.row - self.inside).min(self.length - self.done);
        let at = std::array::from_fn(|k| (self.at[k] + self.inside as isize * walk.step[k]) as usize);
        let places = self.done..self.done + n;
        self.done += n;
        self.inside = 0;
        for (i, (n, strides)) in self.index.iter_mut().zip(&walk.outer) {
            *i += 1;
            (0..N).for_each(|k| self.at[k] += strides[k]);
            if *i < *n {
                break;
            }
            (0..N).for_each(|k| self.at[k] -= *n as isize * strides[k]);
            *i = 0;
        }
        Some((places, at))
    }
}
