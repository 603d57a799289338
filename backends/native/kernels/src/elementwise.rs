//! What the elementwise operations share: a function of one element of each operand, broadcast against each other.
//!
//! The axes of the result are joined where all operands allow it, and what is left is walked in rows: along a row an
//! operand either lies side by side or stays at one element, and a loop over slices does the rest, compiled at each
//! level of [`crate::simd`]. One binary32 operation of IEEE 754 is RN of the exact value (contract N2.1), and the
//! compiler neither contracts nor reorders them, so the levels have the same bits.

use std::ops::Range;

use smallvec::SmallVec;

use crate::array::{Array, ArrayElement, DType, Shape, Strides};
use crate::environment;
use crate::error::{Error, Result};
use crate::simd::{Kernel, Simd, dispatch};
use crate::threads;

/// Elements that one thread takes at a time.
pub const PART: usize = 1 << 16;

/// The shape that all broadcast to: aligned at the last axis, where lengths are equal or one.
pub fn broadcast_shape(arrays: &[&Array]) -> Result<Shape> {
    let rank = arrays.iter().map(|x| x.shape().len()).max().unwrap_or(0);
    let mut result: Shape = SmallVec::from_elem(1, rank);
    for x in arrays {
        let start = rank - x.shape().len();
        for (length, &n) in result[start..].iter_mut().zip(x.shape()) {
            if n != *length && n != 1 {
                if *length != 1 {
                    return Err(Error::Operands(format!("lengths {length} and {n} must be equal or 1")));
                }
                *length = n;
            }
        }
    }
    Ok(result)
}

/// How `N` operands are read while a result is written in row-major order.
struct Plan<const N: usize> {
    /// The length of a row: along it, an operand's elements lie side by side or are one.
    row: usize,
    /// Which of the two it is.
    along: [bool; N],
    /// Each operand's first element.
    first: [usize; N],
    /// The other axes, joined where that can be, the last one first, each with the operands' strides.
    outer: SmallVec<[(usize, [isize; N]); 4]>,
}

impl<const N: usize> Plan<N> {
    /// The operands as the rows of a result of `shape`, which has elements. One that is neither side by side nor one
    /// element along a row is copied, into `copies`.
    fn new(shape: &[usize], operands: [&Array; N], copies: &mut [Option<Array>; N]) -> Result<Plan<N>> {
        let mut plan = Plan::of(shape, operands.map(|x| (x.offset(), x.shape(), x.strides())));
        let (row, steps) = plan.outer.first().copied().unwrap_or((1, [0; N]));
        if row > 1 && steps.iter().any(|&step| step != 0 && step != 1) {
            for k in 0..N {
                if steps[k] != 0 && steps[k] != 1 {
                    copies[k] = Some(operands[k].contiguous()?);
                }
            }
            let of = |k: usize| copies[k].as_ref().unwrap_or(operands[k]);
            let operands: [&Array; N] = std::array::from_fn(of);
            plan = Plan::of(shape, operands.map(|x| (x.offset(), x.shape(), x.strides())));
        }
        if !plan.outer.is_empty() {
            let (row, steps) = plan.outer.remove(0);
            plan.row = row;
            plan.along = steps.map(|step| step == 1);
        }
        Ok(plan)
    }

    /// All axes among the outer ones.
    fn of(shape: &[usize], operands: [(usize, &[usize], &[isize]); N]) -> Plan<N> {
        let mut axes: SmallVec<[(usize, [isize; N]); 4]> = SmallVec::new();
        for i in 0..shape.len() {
            let (n, from_end) = (shape[shape.len() - 1 - i], i + 1);
            if n == 1 {
                continue;
            }
            let strides = operands.map(|(_, lengths, strides)| match lengths.len().checked_sub(from_end) {
                Some(axis) if lengths[axis] != 1 => strides[axis],
                _ => 0,
            });
            match axes.last_mut() {
                Some((length, inner)) if (0..N).all(|k| strides[k] == inner[k] * *length as isize) => *length *= n,
                _ => axes.push((n, strides)),
            }
        }
        Plan { row: 1, along: [false; N], first: operands.map(|(offset, _, _)| offset), outer: axes }
    }

    /// Call `work(places, at)` for every row, or part of one, of the result's elements from `start` on: their places
    /// counted from there, and the operands' elements.
    #[inline(always)]
    fn rows(&self, start: usize, length: usize, mut work: impl FnMut(Range<usize>, [usize; N])) {
        if self.outer.is_empty() {
            return work(0..length, std::array::from_fn(|k| self.first[k] + if self.along[k] { start } else { 0 }));
        }
        let mut inside = start % self.row;
        let mut rest = start / self.row;
        let mut at = self.first.map(|first| first as isize);
        let mut index: Shape = SmallVec::new();
        for (n, strides) in &self.outer {
            let i = rest % n;
            rest /= n;
            index.push(i);
            (0..N).for_each(|k| at[k] += i as isize * strides[k]);
        }
        let mut done = 0;
        loop {
            let n = (self.row - inside).min(length - done);
            work(
                done..done + n,
                std::array::from_fn(|k| at[k] as usize + if self.along[k] { inside } else { 0 }),
            );
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

macro_rules! maps {
    ($(#[$doc:meta])* $map:ident, $Part:ident, $count:literal, [$($mask:literal)*], $($x:ident $X:ident $k:literal),*) => {
        $(#[$doc])*
        pub fn $map<$($X: ArrayElement,)* R: ArrayElement>(
            f: impl Fn($($X),*) -> R + Copy + Send + Sync,
            $($x: &Array),*
        ) -> Result<Array> {
            let operands = [$($x),*];
            let plain = operands.iter().all(|x| x.shape() == operands[0].shape() && x.is_contiguous());
            let shape: Shape = if $count == 1 || plain { operands[0].shape().into() } else { broadcast_shape(&operands)? };
            let mut copies = [const { None }; $count];
            Array::try_build(&shape, |out: &mut [R]| {
                if out.is_empty() {
                    return Ok(());
                }
                let plan = if plain {
                    let first = operands.map(Array::offset);
                    Plan { row: out.len(), along: [true; $count], first, outer: SmallVec::new() }
                } else {
                    Plan::new(&shape, operands, &mut copies)?
                };
                let operands: [&Array; $count] = std::array::from_fn(|k| copies[k].as_ref().unwrap_or(operands[k]));
                $(let $x = operands[$k].raw::<$X>();)*
                let part = if out.len() < 2 * PART { out.len() } else { PART };
                threads::for_each_chunk(out, part, |start, out| {
                    environment::with_default(|| dispatch($Part { plan: &plan, f, start, out, $($x),* }));
                });
                Ok(())
            })
        }

        struct $Part<'a, $($X,)* R, F> {
            plan: &'a Plan<$count>,
            f: F,
            start: usize,
            out: &'a mut [R],
            $($x: &'a [$X],)*
        }

        impl<$($X: ArrayElement,)* R: ArrayElement, F: Fn($($X),*) -> R + Copy> $Part<'_, $($X,)* R, F> {
            /// The bits of `MASK` say which operands lie along the rows.
            #[inline(always)]
            fn rows<const MASK: usize>(self) {
                let out = self.out;
                self.plan.rows(self.start, out.len(), |places, at| {
                    let out = &mut out[places];
                    let n = out.len();
                    $(
                        let along = MASK >> $k & 1 == 1;
                        let $x = (if along { &self.$x[at[$k]..at[$k] + n] } else { &[] }, self.$x[at[$k]], along);
                    )*
                    for i in 0..n {
                        out[i] = (self.f)($(if $x.2 { $x.0[i] } else { $x.1 }),*);
                    }
                });
            }
        }

        impl<$($X: ArrayElement,)* R: ArrayElement, F: Fn($($X),*) -> R + Copy> Kernel for $Part<'_, $($X,)* R, F> {
            type Output = ();

            #[inline(always)]
            fn run<S: Simd>(self, _: S) {
                match (0..$count).fold(0, |mask, k| mask | usize::from(self.plan.along[k]) << k) {
                    $($mask => self.rows::<$mask>(),)*
                    _ => unreachable!(),
                }
            }
        }
    };
}

maps! {
    /// `f` at every element.
    map1, Part1, 1, [0 1], x X 0
}

maps! {
    /// `f` at every pair of elements, of operands that are broadcast against each other.
    map2, Part2, 2, [0 1 2 3], x X 0, y Y 1
}

maps! {
    /// `f` at every three elements, of operands that are broadcast against each other.
    map3, Part3, 3, [0 1 2 3 4 5 6 7], x X 0, y Y 1, z Z 2
}

/// A comparison of two numbers of any type.
pub trait Comparison {
    /// Whether it holds; with NaN, what IEEE 754 has it be.
    fn holds<T: PartialOrd>(x: T, y: T) -> bool;
}

/// The mask of a comparison.
pub fn compare<C: Comparison>(x: &Array, y: &Array) -> Result<Array> {
    match x.dtype() {
        DType::F32 => map2(|x: f32, y: f32| u8::from(C::holds(x, y)), x, y),
        DType::I32 => map2(|x: i32, y: i32| u8::from(C::holds(x, y)), x, y),
        DType::Bool => map2(|x: u8, y: u8| u8::from(C::holds(x, y)), x, y),
    }
}
