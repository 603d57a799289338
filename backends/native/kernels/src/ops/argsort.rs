//! argsort(x, axis): the places that sort the elements along an axis: ascending, -0 before +0, NaN last, equal ones in
//! their order. See [`crate::order`].
//!
//! An element's integer of 32 bits and its place below make one of 64, all of them different, so that any sort is
//! stable. Long rows are sorted by the integers' digits (D. Knuth, TAOCP 3, 5.2.5).

use crate::array::Array;
use crate::error::Result;
use crate::memory::reserved;
use crate::order::{INFINITE, ascending, map_rows};

/// Rows from this length on are sorted by digits.
const LONG: usize = 1 << 8;

/// The places, along the axes, of the elements in ascending order, or in descending order, where NaN comes first. The axes
/// are one, or all, which are one row.
pub fn argsort(x: &Array, axes: &[usize], descending: bool) -> Result<Array> {
    let turn = if descending { u32::MAX } else { 0 };
    let room = |n| Ok((reserved(n)?, reserved(n)?));
    map_rows(x, axes, room, |row, (keys, other), out| sort(row, turn, keys, other, out))
}

fn sort(row: &[f32], turn: u32, keys: &mut Vec<u64>, other: &mut Vec<u64>, out: &mut [i32]) {
    keys.clear();
    keys.extend(row.iter().enumerate().map(|(i, &x)| {
        let key = ascending(x).min(INFINITE + 1) as u32 ^ 1 << 31 ^ turn;
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
