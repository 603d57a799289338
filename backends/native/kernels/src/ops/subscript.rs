//! subscript(x, items): a part by ints, spans and new axes: `x[1, ::-2, None]`. A view.

use crate::array::{Array, Shape, Strides};

/// What stands for an axis, or makes one.
#[derive(Clone, Copy, Debug)]
pub enum Item {
    /// An axis of length 1 that was not there.
    New,
    /// One place; its axis goes.
    At(usize),
    /// Every `step`-th place from the first one to before the last; without that, to the end (or the beginning).
    Span(usize, Option<usize>, isize),
}

/// The part. There is an item for each axis from the first one on; the others are whole. Places are on their axes.
pub fn subscript(x: &Array, items: &[Item]) -> Array {
    let (mut shape, mut strides) = (Shape::new(), Strides::new());
    let mut offset = x.offset() as isize;
    let mut axis = 0;
    for item in items {
        let (length, stride) = match *item {
            Item::New => (1, 1),
            Item::At(place) => {
                offset += place as isize * x.strides()[axis];
                axis += 1;
                continue;
            }
            Item::Span(first, last, step) => {
                let stride = x.strides()[axis];
                let length = match step {
                    1.. => last.unwrap_or(x.shape()[axis]).saturating_sub(first).div_ceil(step as usize),
                    _ => (first + 1).saturating_sub(last.map_or(0, |last| last + 1)).div_ceil(step.unsigned_abs()),
                };
                offset += if length > 0 { first as isize * stride } else { 0 };
                axis += 1;
                (length, if length > 1 { stride * step } else { stride })
            }
        };
        shape.push(length);
        strides.push(stride);
    }
    shape.extend_from_slice(&x.shape()[axis..]);
    strides.extend_from_slice(&x.strides()[axis..]);
    // Without elements it may begin beyond the memory.
    let offset = if shape.contains(&0) { 0 } else { offset as usize };
    x.view(offset, shape, strides)
}
