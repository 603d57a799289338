//! argsort(x, axis): the places that sort the elements along an axis: ascending, -0 before +0, NaN last, equal ones in
//! their order. See [`crate::order`].
//!
//! An element's integer of 32 bits and its place below make one of 64, all of them different, so that any sort is
//! stable. Long rows are sorted by the integers' digits (D. Knuth, TAOCP 3, 5.2.5).

use smallvec::smallvec;

use crate::array::{Array, Shape, Strides, row_major};
use crate::environment;
use crate::error::Result;
use crate::memory::{filled, reserved};
use crate::order::{INFINITE, ascending};
use crate::parts;
use crate::reduce::Layout;

/// Rows from this length on are sorted by digits.
const LONG: usize = 1 << 8;

/// Elements that are worth another thread.
const PART: usize = 1 << 13;

/// The places, along the axes, of the elements in ascending order. The axes are one, or all, which are one row.
pub fn argsort(x: &Array, axes: &[usize]) -> Result<Array> {
    let &[axis] = axes else {
        let all = x.contiguous()?;
        let row = all.view(all.offset(), smallvec![all.size()], smallvec![1]);
        let places = argsort(&row, &[0])?;
        return Ok(places.view(places.offset(), x.shape().into(), row_major(x.shape())));
    };
    let shape = x.of::<f32>()?.shape();
    let mut sorted: Shape = shape.into();
    let n = sorted.remove(axis);
    sorted.push(n);
    if x.size() == 0 {
        return Array::build(shape, |_: &mut [i32]| {});
    }
    let (from, layout) = Layout::find(x, &[axis])?;
    let elements = from.raw::<f32>();
    let places = Array::try_build(&sorted, |out: &mut [i32]| {
        let group = if layout.columns { layout.width.min(16) } else { 1 };
        let rows = if out.len() < 2 * PART { out.len() / n } else { PART.div_ceil(n * group) * group };
        parts::try_for_each_chunk(out, rows * n, |start, out| {
            let mut room = filled(0.0, group * n)?;
            let (mut keys, mut other) = (reserved(n)?, reserved(n)?);
            environment::with_default(|| {
                for (i, out) in out.chunks_mut(group * n).enumerate() {
                    let room = &mut room[..out.len()];
                    layout.gather(elements, start / n + i * group, room);
                    for (row, out) in room.chunks_exact(n).zip(out.chunks_exact_mut(n)) {
                        sort(row, &mut keys, &mut other, out);
                    }
                }
            });
            Ok(())
        })
    })?;
    // The sorted axis goes back to its place.
    let mut strides: Strides = row_major(&sorted);
    let stride = strides.pop().expect("there is an axis");
    strides.insert(axis, stride);
    Ok(places.view(places.offset(), shape.into(), strides))
}

fn sort(row: &[f32], keys: &mut Vec<u64>, other: &mut Vec<u64>, out: &mut [i32]) {
    keys.clear();
    keys.extend(row.iter().enumerate().map(|(i, &x)| {
        let key = ascending(x).min(INFINITE + 1) as u32 ^ 1 << 31;
        u64::from(key) << 32 | i as u64
    }));
    if row.len() < LONG {
        keys.sort_unstable();
    } else {
        by_digits(keys, other);
    }
    out.iter_mut().zip(keys).for_each(|(to, key)| *to = *key as u32 as i32);
}

/// Sort by the upper 32 bits, a byte after the other; those below are in order already.
fn by_digits(keys: &mut Vec<u64>, other: &mut Vec<u64>) {
    const BYTES: usize = 4;
    let byte = |key: u64, place: usize| usize::from((key >> (32 + 8 * place)) as u8);
    let mut counts = [[0u32; 256]; BYTES];
    for &key in keys.iter() {
        for (place, counts) in counts.iter_mut().enumerate() {
            counts[byte(key, place)] += 1;
        }
    }
    other.clear();
    other.resize(keys.len(), 0);
    for (place, counts) in counts.iter_mut().enumerate() {
        if counts[byte(keys[0], place)] as usize == keys.len() {
            continue; // all have the same byte
        }
        let mut start = 0;
        for count in counts.iter_mut() {
            (start, *count) = (start + *count, start);
        }
        for &key in keys.iter() {
            let to = &mut counts[byte(key, place)];
            other[*to as usize] = key;
            *to += 1;
        }
        std::mem::swap(keys, other);
    }
}
