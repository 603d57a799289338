//! What the elementwise operations share: a function of one element of each operand, broadcast against each other.
//!
//! The result is written in rows ([`crate::walk`]) along which an operand either lies side by side or stays at one
//! element, and a loop over slices does the rest, compiled at each level of [`crate::simd`]. One binary32 operation of IEEE 754 is RN of the exact value (contract N2.1), and the
//! compiler neither contracts nor reorders them, so the levels have the same bits.

use smallvec::SmallVec;

use crate::array::{Array, ArrayElement, DType, Shape};
use crate::environment;
use crate::error::{Error, Result};
use crate::simd::{Kernel, Simd, dispatch};
use crate::threads;
use crate::walk::Walk;

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

/// The way through the operands, each of which is side by side or one element along a row. One that is neither is
/// copied, into `copies`.
fn walk<const N: usize>(shape: &[usize], operands: [&Array; N], copies: &mut [Option<Array>; N]) -> Result<Walk<N>> {
    let walk = Walk::new(shape, operands);
    if walk.step.iter().all(|&step| step == 0 || step == 1) {
        return Ok(walk);
    }
    for k in 0..N {
        if walk.step[k] != 0 && walk.step[k] != 1 {
            copies[k] = Some(operands[k].contiguous()?);
        }
    }
    Ok(Walk::new(shape, std::array::from_fn(|k| copies[k].as_ref().unwrap_or(operands[k]))))
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
                let walk = if plain {
                    Walk::straight(out.len(), operands.map(Array::offset))
                } else {
                    walk(&shape, operands, &mut copies)?
                };
                let operands: [&Array; $count] = std::array::from_fn(|k| copies[k].as_ref().unwrap_or(operands[k]));
                $(let $x = operands[$k].raw::<$X>();)*
                let part = if out.len() < 2 * PART { out.len() } else { PART };
                threads::for_each_chunk(out, part, |start, out| {
                    environment::with_default(|| dispatch($Part { walk: &walk, f, start, out, $($x),* }));
                });
                Ok(())
            })
        }

        struct $Part<'a, $($X,)* R, F> {
            walk: &'a Walk<$count>,
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
                self.walk.rows(self.start, out.len(), |places, at| {
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
                match (0..$count).fold(0, |mask, k| mask | usize::from(self.walk.step[k] == 1) << k) {
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
