//! The order of binary32 numbers as that of integers, and what follows from it: extremes and their places (contract N2.3,
//! N4.2).
//!
//! The bits of a number that is not negative, as an integer, order as the number does; those of a negative one the other
//! way round. [`ascending`] turns these round and slides all, so that -inf is the least integer, -0 comes before +0, and NaNs
//! of either sign, beyond both ends before, are above +inf.

use smallvec::smallvec;

use crate::array::{Array, ArrayElement, Shape, Strides, row_major};
use crate::environment;
use crate::error::Result;
use crate::few::Few;
use crate::memory::filled;
use crate::parts;
use crate::reduce::{ABREAST, Fold, Layout};
use crate::simd::Simd;

/// Of -inf.
const LEAST: i32 = i32::MIN;

/// Of +inf; NaNs are above.
pub const INFINITE: i32 = turned(f32::INFINITY).wrapping_sub(SHIFT);

const SHIFT: i32 = turned(f32::NEG_INFINITY).wrapping_sub(LEAST);

#[inline(always)]
const fn turned(x: f32) -> i32 {
    let bits = x.to_bits() as i32;
    bits ^ (((bits >> 31) as u32) >> 1) as i32
}

/// An integer that grows with the number, and is above [`INFINITE`] for NaN.
#[inline(always)]
pub fn ascending(x: f32) -> i32 {
    turned(x).wrapping_sub(SHIFT)
}

/// An integer that falls as the number grows, and is above [`INFINITE`] for NaN.
#[inline(always)]
fn descending(x: f32) -> i32 {
    // As for -x, but no arithmetic on what may be a NaN.
    ascending(f32::from_bits(x.to_bits() ^ 1 << 31))
}

/// The number of an integer of [`ascending`]'s.
#[inline]
pub fn number(key: i32) -> f32 {
    if key > INFINITE {
        return f32::NAN;
    }
    let turned = key.wrapping_add(SHIFT);
    f32::from_bits((turned ^ (((turned >> 31) as u32) >> 1) as i32) as u32)
}

/// Elements that are worth another thread, where rows are sorted.
const PART: usize = 1 << 13;

/// An array in which each row along `axes` is what `work` makes of that row of `x`. The axes are one, or all, which are
/// one row; `room` is what a thread needs for rows of a length.
pub fn map_rows<T: ArrayElement, R>(
    x: &Array,
    axes: &[usize],
    room: impl Fn(usize) -> Result<R> + Sync,
    work: impl Fn(&[f32], &mut R, &mut [T]) + Sync,
) -> Result<Array> {
    let &[axis] = axes else {
        let all = x.contiguous()?;
        let row = all.view(all.offset(), smallvec![all.size()], smallvec![1]);
        let found = map_rows(&row, &[0], room, work)?;
        return Ok(found.view(found.offset(), x.shape().into(), row_major(x.shape())));
    };
    let shape = x.of::<f32>()?.shape();
    let mut last: Shape = shape.into();
    let n = last.remove(axis);
    last.push(n);
    if x.size() == 0 {
        return Array::build(shape, |_: &mut [T]| {});
    }
    let (from, layout) = Layout::find(x, &[axis])?;
    let elements = from.raw::<f32>();
    let found = Array::try_build(&last, |out: &mut [T]| {
        let group = if layout.columns { layout.width.min(16) } else { 1 };
        let rows = if out.len() < 2 * PART { out.len() / n } else { PART.div_ceil(n * group) * group };
        parts::try_for_each_chunk(out, rows * n, |start, out| {
            let (mut gathered, mut room) = (filled(0.0, group * n)?, room(n)?);
            environment::with_default(|| {
                for (i, out) in out.chunks_mut(group * n).enumerate() {
                    let gathered = &mut gathered[..out.len()];
                    layout.gather(elements, start / n + i * group, gathered);
                    for (row, out) in gathered.chunks_exact(n).zip(out.chunks_exact_mut(n)) {
                        work(row, &mut room, out);
                    }
                }
            });
            Ok(())
        })
    })?;
    // The axis goes back to its place.
    let mut strides: Strides = row_major(&last);
    let stride = strides.pop().expect("there is an axis");
    strides.insert(axis, stride);
    Ok(found.view(found.offset(), shape.into(), strides))
}

/// The largest element of a row, or the smallest.
#[derive(Clone, Copy, Debug)]
pub struct Extreme<const LARGEST: bool>;

impl<const LARGEST: bool> Extreme<LARGEST> {
    #[inline(always)]
    fn key(x: f32) -> i32 {
        if LARGEST { ascending(x) } else { descending(x) }
    }
}

impl<const LARGEST: bool> Fold for Extreme<LARGEST> {
    type Out = f32;
    type State = i32;
    type Block = Vec<i32>;
    type Again = Self;

    #[inline(always)]
    fn stretch<S: Simd>(self, _: S, x: &[f32], _: usize) -> i32 {
        let mut most = LEAST;
        for &x in x {
            most = most.max(Self::key(x));
        }
        most
    }

    #[inline(always)]
    fn join(self, x: i32, y: i32) -> i32 {
        x.max(y)
    }

    #[inline(always)]
    fn result(self, key: i32, _: usize) -> Option<f32> {
        let result = number(key);
        Some(if LARGEST { result } else { -result })
    }

    fn settle(self, row: &[f32]) -> f32 {
        let key = row.iter().map(|&x| Self::key(x)).max().unwrap_or(LEAST);
        self.result(key, row.len()).expect("a key is all that counts")
    }

    fn block(self, _: &[&[f32]], width: usize, _: usize) -> Vec<i32> {
        vec![LEAST; width]
    }

    #[inline(always)]
    fn rows<S: Simd, const N: usize>(self, _: S, rows: [&[f32]; N], _: usize, block: &mut Vec<i32>) {
        const { assert!(N == 1 || N == ABREAST && ABREAST == 4) };
        let width = rows[0].len();
        let most = &mut block[..width];
        let rows = rows.map(|row| &row[..width]);
        for i in 0..width {
            let mut largest = Self::key(rows[0][i]);
            if N > 1 {
                let others = Self::key(rows[2 % N][i]).max(Self::key(rows[3 % N][i]));
                largest = largest.max(Self::key(rows[1 % N][i])).max(others);
            }
            most[i] = most[i].max(largest);
        }
    }

    fn join_blocks(self, mut x: Vec<i32>, y: Vec<i32>) -> Vec<i32> {
        x.iter_mut().zip(&y).for_each(|(x, &y)| *x = (*x).max(y));
        x
    }

    #[inline(always)]
    fn column(self, block: &Vec<i32>, i: usize) -> i32 {
        block[i]
    }
}

impl<const LARGEST: bool> Few for Extreme<LARGEST> {
    type Out = f32;
    type Known = i32;

    #[inline(always)]
    fn empty(self) -> i32 {
        LEAST
    }

    #[inline(always)]
    fn next(self, most: i32, x: f32, _: i32) -> i32 {
        most.max(Self::key(x))
    }

    #[inline(always)]
    fn made(self, key: i32) -> f32 {
        let result = number(key);
        if LARGEST { result } else { -result }
    }
}

impl<const LARGEST: bool> Few for Place<LARGEST> {
    type Out = i32;
    type Known = (i32, i32);

    #[inline(always)]
    fn empty(self) -> (i32, i32) {
        (LEAST, 0)
    }

    #[inline(always)]
    fn next(self, (most, found): (i32, i32), x: f32, place: i32) -> (i32, i32) {
        let key = Self::key(x);
        (most.max(key), if key > most { place } else { found })
    }

    #[inline(always)]
    fn made(self, (_, place): (i32, i32)) -> i32 {
        place
    }
}

/// The place of the first of the largest elements of a row, or of the smallest; of a NaN, where there is one.
#[derive(Clone, Copy, Debug)]
pub struct Place<const LARGEST: bool>;

/// The extreme so far, and its place.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    key: i32,
    place: i32,
}

/// Those of columns.
#[derive(Clone, Debug)]
pub struct AllFound {
    keys: Vec<i32>,
    places: Vec<i32>,
}

impl<const LARGEST: bool> Place<LARGEST> {
    /// Zeros are equal, and so are NaNs.
    #[inline(always)]
    fn key(x: f32) -> i32 {
        Extreme::<LARGEST>::key(x + 0.0).min(INFINITE + 1)
    }
}

/// Elements that are looked at together for one that is sought.
const GROUP: usize = 64;

impl<const LARGEST: bool> Fold for Place<LARGEST> {
    type Out = i32;
    type State = Found;
    type Block = AllFound;
    type Again = Self;
    const WRAPS: bool = false;

    #[inline(always)]
    fn stretch<S: Simd>(self, _: S, x: &[f32], place: usize) -> Found {
        let mut key = LEAST;
        for &x in x {
            key = key.max(Self::key(x));
        }
        let mut start = 0;
        for group in x.chunks_exact(GROUP) {
            let mut count = 0;
            for &x in group {
                count += u32::from(Self::key(x) == key);
            }
            if count > 0 {
                break;
            }
            start += GROUP;
        }
        while Self::key(x[start]) != key {
            start += 1;
        }
        Found { key, place: (place + start) as i32 }
    }

    #[inline(always)]
    fn join(self, first: Found, second: Found) -> Found {
        if second.key > first.key { second } else { first }
    }

    #[inline(always)]
    fn result(self, state: Found, _: usize) -> Option<i32> {
        Some(state.place)
    }

    fn settle(self, row: &[f32]) -> i32 {
        let key = row.iter().map(|&x| Self::key(x)).max();
        row.iter().position(|&x| Some(Self::key(x)) == key).unwrap_or(0) as i32
    }

    fn block(self, _: &[&[f32]], width: usize, _: usize) -> AllFound {
        AllFound { keys: vec![LEAST; width], places: vec![0; width] }
    }

    #[inline(always)]
    fn rows<S: Simd, const N: usize>(self, _: S, rows: [&[f32]; N], place: usize, block: &mut AllFound) {
        let width = rows[0].len();
        let (keys, places) = (&mut block.keys[..width], &mut block.places[..width]);
        // What is found nowhere is at the first place, where no element is less than -inf.
        let first = place as i32;
        let rows = rows.map(|row| &row[..width]);
        for i in 0..width {
            let (mut most, mut at) = (keys[i], places[i]);
            for (row, elements) in rows.iter().enumerate() {
                let key = Self::key(elements[i]);
                at = if key > most { first + row as i32 } else { at };
                most = most.max(key);
            }
            (keys[i], places[i]) = (most, at);
        }
    }

    fn join_blocks(self, mut first: AllFound, second: AllFound) -> AllFound {
        for i in 0..first.keys.len() {
            let found = self.join(self.column(&first, i), self.column(&second, i));
            (first.keys[i], first.places[i]) = (found.key, found.place);
        }
        first
    }

    #[inline(always)]
    fn column(self, block: &AllFound, i: usize) -> Found {
        Found { key: block.keys[i], place: block.places[i] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_order_as_the_numbers_do() {
        let numbers = [f32::NEG_INFINITY, f32::MIN, -1.0, -1e-45, -0.0, 0.0, 1e-45, 1.0, f32::MAX, f32::INFINITY];
        assert_eq!(ascending(f32::NEG_INFINITY), LEAST);
        assert_eq!(ascending(f32::INFINITY), INFINITE);
        for pair in numbers.windows(2) {
            assert!(ascending(pair[0]) < ascending(pair[1]), "{pair:?}");
            assert!(descending(pair[0]) > descending(pair[1]), "{pair:?}");
        }
        for x in numbers {
            assert_eq!(number(ascending(x)).to_bits(), x.to_bits());
        }
        for bits in [0x7f80_0001, 0x7fc0_0000, 0x7fff_ffff, 0xff80_0001, 0xffc0_0000, 0xffff_ffff] {
            let nan = f32::from_bits(bits);
            assert!(ascending(nan) > INFINITE && descending(nan) > INFINITE);
            assert!(number(ascending(nan)).is_nan());
        }
    }
}
