//! scatter_add(x, indices, updates, axis): x with every update added where its index says, rounded once.
//!
//! The updates of an element are linked: a word for each element names its last update, and one for each update the one before.
//! So an element's terms are found and summed together, most often just two; the order in which they are found does not
//! matter to an exact sum (contract N3.1).

use crate::array::{Array, for_each_row, row_major};
use crate::environment;
use crate::error::{Error, Result};
use crate::sums::total;
use crate::threads;

/// Elements that are worth another thread.
const PART: usize = 1 << 14;

/// RN of the exact sums of every element and its updates. `indices` and `updates` have the same shape, with as many axes as
/// `x`, and are no longer on any but `axis`.
pub fn scatter_add(x: &Array, indices: &Array, updates: &Array, axis: usize) -> Result<Array> {
    let (x, indices, updates) = (x.contiguous()?, indices.contiguous()?, updates.contiguous()?);
    let elements = x.as_slice::<f32>().expect("made contiguous");
    let added = updates.as_slice::<f32>().expect("made contiguous");
    let chosen = indices.as_slice::<i32>().expect("made contiguous");
    let length = x.shape()[axis];
    // A negative index is a large one without a sign.
    let outside = |index: i32| index as u32 as usize >= length;
    if chosen.iter().fold(false, |any, &index| any | outside(index)) {
        let place = chosen.iter().position(|&index| outside(index)).expect("there is one");
        return Err(Error::Index { index: chosen[place].into(), place, length });
    }
    if added.len() >= u32::MAX as usize {
        return Err(Error::Operands(format!("scatter_add: {} updates are more than 2^32 - 2", added.len())));
    }
    // Counted from 1: 0 is none.
    let (mut last, mut before) = (vec![0u32; elements.len()], vec![0u32; added.len()]);
    let mut strides = row_major(x.shape());
    let step = std::mem::take(&mut strides[axis]);
    let mut update = 0;
    for_each_row(indices.shape(), &strides, |start, n, stride| {
        let mut start = start as usize;
        for (&index, before) in chosen[update..update + n].iter().zip(&mut before[update..update + n]) {
            update += 1;
            let last = &mut last[start + index as usize * step as usize];
            *before = std::mem::replace(last, update as u32);
            start += stride as usize;
        }
    });
    Array::build(x.shape(), |out: &mut [f32]| {
        let part = if out.len() + added.len() < 2 * PART { out.len() } else { PART };
        threads::for_each_chunk(out, part, |start, out| {
            environment::with_default(|| {
                let mut terms = Vec::new();
                let (elements, last) = (&elements[start..], &last[start..]);
                for ((to, &x), &last) in out.iter_mut().zip(elements).zip(last) {
                    // To add a zero, or the one update there is, is to round once; the last addition makes +0 of the zeros.
                    let mut next = last as usize;
                    let first = if next == 0 { 0.0 } else { added[next - 1] };
                    *to = x + first + 0.0;
                    if next != 0 && before[next - 1] != 0 {
                        terms.clear();
                        terms.push(x);
                        while next != 0 {
                            terms.push(added[next - 1]);
                            next = before[next - 1] as usize;
                        }
                        *to = total(&terms);
                    }
                }
            });
        });
    })
}
