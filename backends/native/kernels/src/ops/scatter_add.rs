//! scatter_add(x, indices, updates, axis): x with every update added where its index says, rounded once.
//!
//! The updates are sorted by the elements that they go to, by counting (D. Knuth, TAOCP 3, 5.2). So an element's terms lie
//! together, most often just two; their order does not matter to an exact sum (contract N3.1).

use crate::array::{Array, for_each_row, row_major};
use crate::environment;
use crate::error::{Error, Result};
use crate::indices::checked;
use crate::memory::{filled, reserved};
use crate::parts;
use crate::sums::total;

/// Elements that are worth another thread.
const PART: usize = 1 << 14;

/// RN of the exact sums of every element and its updates. `indices` and `updates` have the same shape, with as many axes as
/// `x`, and are no longer on any but `axis`.
pub fn scatter_add(x: &Array, indices: &Array, updates: &Array, axis: usize) -> Result<Array> {
    let (x, updates) = (x.of::<f32>()?.contiguous()?, updates.of::<f32>()?.contiguous()?);
    let indices = indices.contiguous()?;
    let elements = x.as_slice::<f32>().expect("made contiguous");
    let added = updates.as_slice::<f32>().expect("made contiguous");
    let chosen = checked(&indices, x.shape()[axis])?;
    if added.len() > u32::MAX as usize {
        return Err(Error::Operands(format!("scatter_add: {} updates are more than can be counted", added.len())));
    }
    if indices.shape()[axis] == 1 {
        return apart(&x, &indices, chosen, elements, added, axis);
    }
    // How many updates each element has, and from that where those begin, sorted by the elements.
    let mut ends = filled(0u32, elements.len())?;
    for_each_place(&x, &indices, chosen, axis, |place, _| ends[place] += 1);
    let mut end = 0u32;
    for count in &mut ends {
        end += *count;
        *count = end - *count;
    }
    let mut sorted = filled(0f32, added.len())?;
    for_each_place(&x, &indices, chosen, axis, |place, update| {
        let end = &mut ends[place];
        sorted[*end as usize] = added[update];
        *end += 1;
    });
    Array::try_build(x.shape(), |out: &mut [f32]| {
        let part = if out.len() + added.len() < 2 * PART { out.len() } else { PART };
        parts::try_for_each_chunk(out, part, |start, out| {
            environment::with_default(|| {
                let mut terms = Vec::<f32>::new();
                let mut begin = if start == 0 { 0 } else { ends[start - 1] as usize };
                let (elements, ends) = (&elements[start..], &ends[start..]);
                for ((to, &x), &end) in out.iter_mut().zip(elements).zip(ends) {
                    let updates = &sorted[begin..end as usize];
                    begin = end as usize;
                    // To add the one update there is, or zero, is to round once; the last addition makes +0 of the zeros.
                    *to = match updates {
                        [] => x + 0.0,
                        [update] => x + update + 0.0,
                        _ => {
                            terms.clear();
                            if terms.capacity() <= updates.len() {
                                terms = reserved(updates.len() + 1)?;
                            }
                            terms.push(x);
                            terms.extend_from_slice(updates);
                            total(&terms)
                        }
                    };
                }
                Ok(())
            })
        })
    })
}

/// One update along the axis: no element has two.
fn apart(x: &Array, indices: &Array, chosen: &[i32], elements: &[f32], added: &[f32], axis: usize) -> Result<Array> {
    Array::build(x.shape(), |out: &mut [f32]| {
        environment::with_default(|| {
            out.iter_mut().zip(elements).for_each(|(to, &x)| *to = x + 0.0);
            for_each_place(x, indices, chosen, axis, |place, update| {
                out[place] = elements[place] + added[update] + 0.0;
            });
        });
    })
}

/// Call `work(place, update)` for every update, in row-major order, with the place of its element.
fn for_each_place(x: &Array, indices: &Array, chosen: &[i32], axis: usize, mut work: impl FnMut(usize, usize)) {
    let mut strides = row_major(x.shape());
    let step = std::mem::take(&mut strides[axis]) as usize;
    let mut update = 0;
    for_each_row(indices.shape(), &strides, |start, n, stride| {
        let mut place = start as usize;
        for &index in &chosen[update..update + n] {
            work(place + index as usize * step, update);
            place += stride as usize;
            update += 1;
        }
    });
}
