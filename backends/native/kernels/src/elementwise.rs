//! What the elementwise operations share: a function of one element of each operand, broadcast against each other.
//!
//! The result is written in rows ([`crate::walk`]) along which an operand either lies side by side or stays at one
//! element, and a loop over slices does the rest, compiled at each level of [`crate::simd`]. One binary32 operation of
//! IEEE 754 is RN of the exact value (contract N2.1), and the compiler neither contracts nor reorders them, so the levels
//! have the same bits.

use smallvec::{SmallVec, smallvec};

use crate::array::{Array, ArrayElement, DType, Shape};
use crate::environment;
use crate::error::{Error, Result};
use crate::simd::{Kernel, Simd, dispatch};
use crate::threads;
use crate::walk::Walk;

/// Elements that one thread takes at a time: what the caches hold, one thread reads as fast as two.
pub const PART: usize = 1 << 18;

/// A row that is added to shorter rows than this is repeated until it is as long.
const ROW: usize = 256;

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
/// copied, into `copies`, and so is a short row that stands beside many.
fn walk<const N: usize>(shape: &[usize], operands: [&Array; N], copies: &mut [Option<Array>; N]) -> Result<Walk<N>> {
    let mut walk = Walk::new(shape, operands);
    if let Some((times, repeated)) = walk.repeats(ROW) {
        for k in (0..N).filter(|&k| repeated[k]) {
            let row = operands[k].view(operands[k].offset(), smallvec![times, walk.row], smallvec![0, 1]);
            copies[k] = Some(row.contiguous()?);
        }
        walk.lengthen(times, repeated);
        return Ok(walk);
    }
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
            let operands = [$($x.of::<$X>()?),*];
            let plain = operands.iter().all(|x| x.shape() == operands[0].shape() && x.is_contiguous());
            let common = if $count == 1 || plain { None } else { Some(broadcast_shape(&operands)?) };
            let shape = common.as_deref().unwrap_or(operands[0].shape());
            let mut copies = [const { None }; $count];
            Array::try_build(shape, |out: &mut [R]| {
                if out.is_empty() {
                    return Ok(());
                }
                let walk = if plain {
                    Walk::straight(out.len(), operands.map(Array::offset))
                } else {
                    walk(shape, operands, &mut copies)?
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
                for (places, at) in self.walk.rows(self.start, out.len()) {
                    let out = &mut out[places];
                    let n = out.len();
                    $(
                        let along = MASK >> $k & 1 == 1;
                        let $x = (if along { &self.$x[at[$k]..at[$k] + n] } else { &[] }, self.$x[at[$k]], along);
                    )*
                    for i in 0..n {
                        out[i] = (self.f)($(if $x.2 { $x.0[i] } else { $x.1 }),*);
                    }
                }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops;
    use crate::simd::Level;

    /// All elements, index by index.
    fn read<T: ArrayElement>(x: &Array) -> Vec<T> {
        let mut found = Vec::new();
        for place in 0..x.size() {
            let (mut rest, mut at) = (place, x.offset() as isize);
            for (&n, &stride) in x.shape().iter().zip(x.strides()).rev() {
                at += (rest % n) as isize * stride;
                rest /= n;
            }
            found.push(x.raw::<T>()[at as usize]);
        }
        found
    }

    /// Views of all kinds that broadcast to `shape`, over numbers that are told apart.
    fn views(shape: &[usize], salt: i32) -> Vec<Array> {
        let rank = shape.len();
        let numbers = |shape: &[usize]| {
            let elements: Vec<i32> = (0..shape.iter().product::<usize>() as i32).map(|i| i * 7 + salt).collect();
            Array::from_slice(&elements, shape).unwrap()
        };
        let turned: Vec<usize> = shape.iter().rev().copied().collect();
        let axes: Vec<usize> = (0..rank).rev().collect();
        let doubled: Vec<usize> = shape.iter().map(|n| 2 * n + 1).collect();
        let mut found = vec![
            numbers(shape),
            ops::transpose::transpose(&numbers(&turned), &axes),
            ops::flip::flip(&numbers(shape), &axes),
            ops::flip::flip(&numbers(shape), &axes[..rank.min(1)]),
            ops::slice::slice(&numbers(&doubled), &vec![1; rank], &doubled, &vec![2; rank]),
            ops::broadcast_to::broadcast_to(&numbers(&[]), shape).unwrap(),
            numbers(&[]),
            numbers(&shape[rank.min(1)..]),
        ];
        for i in 0..rank {
            let mut thin = shape.to_vec();
            thin[i] = 1;
            found.push(numbers(&thin));
            let swapped: Vec<usize> = (0..rank)
                .map(|axis| {
                    if axis == 0 {
                        i
                    } else if axis == i {
                        0
                    } else {
                        axis
                    }
                })
                .collect();
            let lengths: Vec<usize> = swapped.iter().map(|&axis| thin[axis]).collect();
            found.push(ops::transpose::transpose(&numbers(&lengths), &swapped));
        }
        found
    }

    const SHAPES: [&[usize]; 9] =
        [&[], &[5], &[1, 7], &[3, 4], &[40, 3], &[17, 33], &[2, 3, 4], &[20, 1, 18], &[3, 2, 19, 5]];

    #[test]
    fn views_are_read_as_their_elements_stand() {
        for shape in SHAPES {
            for x in views(shape, 1) {
                assert_eq!(x.contiguous().unwrap().as_slice::<i32>().unwrap(), read::<i32>(&x), "{x:?}");
                let y = map1(|x: i32| 3 * x, &x).unwrap();
                assert_eq!(read::<i32>(&y), read(&x).into_iter().map(|x: i32| 3 * x).collect::<Vec<_>>());
                let count = x.size();
                for shape in [vec![count], vec![count, 1], vec![1, count / 2, 2], vec![2, count / 2]] {
                    if shape.iter().product::<usize>() == count {
                        assert_eq!(read::<i32>(&ops::reshape::reshape(&x, &shape).unwrap()), read::<i32>(&x));
                    }
                }
            }
        }
    }

    #[test]
    fn operands_are_broadcast_whatever_their_strides() {
        for level in Level::ALL.into_iter().filter(|&level| level <= Level::best()) {
            level.set().unwrap();
            for shape in SHAPES {
                let spread = |x: &Array| read::<i32>(&ops::broadcast_to::broadcast_to(x, shape).unwrap());
                for x in views(shape, 1) {
                    for y in views(shape, 1000) {
                        let of_both = broadcast_shape(&[&x, &y]).unwrap();
                        if of_both[..] != *shape {
                            continue;
                        }
                        let z = map2(|x: i32, y: i32| x - 3 * y, &x, &y).unwrap();
                        let want: Vec<i32> = spread(&x).iter().zip(spread(&y)).map(|(x, y)| x - 3 * y).collect();
                        assert_eq!(read::<i32>(&z), want, "{x:?} {y:?}");
                        let condition = map1(|x: i32| (x % 2) as u8, &y).unwrap();
                        let z = ops::where_::where_(&condition, &x, &y).unwrap();
                        let pairs = spread(&x).into_iter().zip(spread(&y));
                        let want: Vec<i32> = pairs.map(|(x, y)| if y % 2 == 1 { x } else { y }).collect();
                        assert_eq!(read::<i32>(&z), want, "{x:?} {y:?}");
                    }
                }
            }
        }
        Level::best().set().unwrap();
    }

    #[test]
    fn long_work_is_cut_in_parts_that_fit() {
        threads::set_count(2);
        for shape in [&[3 * PART + 5][..], &[PART / 50, 157], &[700, 3, 301], &[2, PART + 3], &[PART / 2 + 7, 4]] {
            for x in views(shape, 1) {
                let y = map2(|x: i32, y: i32| x ^ y, &x, &views(shape, 9)[0]).unwrap();
                let spread = ops::broadcast_to::broadcast_to(&x, shape).unwrap();
                let want: Vec<i32> =
                    read(&spread).into_iter().zip(read(&views(shape, 9)[0])).map(|(x, y): (i32, i32)| x ^ y).collect();
                assert!(read::<i32>(&y) == want, "{:?} {:?}", x.shape(), x.strides());
                assert!(spread.contiguous().unwrap().as_slice::<i32>().unwrap() == read::<i32>(&spread));
            }
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let of = |n: usize| Array::from_slice(&vec![0.0f32; n], &[n]).unwrap();
        assert!(matches!(ops::add::add(&of(2), &of(3)), Err(Error::Operands(_))));
        assert_eq!(ops::add::add(&of(0), &of(1)).unwrap().shape(), [0]);
    }
}
