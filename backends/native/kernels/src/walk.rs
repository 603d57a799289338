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
        let mut axes: SmallVec<[(usize, [isize; N]); 4]> = SmallVec::new();
        for (from_end, &n) in (1..).zip(shape.iter().rev()).filter(|(_, n)| **n != 1) {
            let strides = arrays.map(|x| match x.shape().len().checked_sub(from_end) {
                Some(axis) if x.shape()[axis] != 1 => x.strides()[axis],
                _ => 0,
            });
            match axes.last_mut() {
                Some((length, inner)) if (0..N).all(|k| strides[k] == inner[k] * *length as isize) => *length *= n,
                _ => axes.push((n, strides)),
            }
        }
        let (row, step) = if axes.is_empty() { (1, [1; N]) } else { axes.remove(0) };
        Walk { row, step, first: arrays.map(Array::offset), outer: axes }
    }

    /// Through `length` elements that lie side by side, in every array from its `first` on.
    pub fn straight(length: usize, first: [usize; N]) -> Walk<N> {
        Walk { row: length, step: [1; N], first, outer: SmallVec::new() }
    }

    /// Call `work(places, at)` for every row, or part of one, of the `length` elements from place `start` on: their
    /// places counted from there, and the first one's element in each array.
    #[inline(always)]
    pub fn rows(&self, start: usize, length: usize, mut work: impl FnMut(Range<usize>, [usize; N])) {
        let arrive = |at: [isize; N], i: usize| -> [usize; N] {
            std::array::from_fn(|k| (at[k] + i as isize * self.step[k]) as usize)
        };
        let mut at = self.first.map(|first| first as isize);
        if self.outer.is_empty() {
            return work(0..length, arrive(at, start));
        }
        let (mut inside, mut rest) = (start % self.row, start / self.row);
        let mut index = Shape::new();
        for (n, strides) in &self.outer {
            index.push(rest % n);
            (0..N).for_each(|k| at[k] += (rest % n) as isize * strides[k]);
            rest /= n;
        }
        let mut done = 0;
        loop {
            let n = (self.row - inside).min(length - done);
            work(done..done + n, arrive(at, inside));
            done += n;
            if done == length {
                return;
            }
            inside = 0;
            for (i, (n, strides)) in index.iter_mut().zip(&self.outer) {
                *i += 1;
                (0..N).for_each(|k| at[k] += strides[k]);
                if *i < *n {
                    break;
                }
                (0..N).for_each(|k| at[k] -= *n as isize * strides[k]);
                *i = 0;
            }
        }
    }
}
