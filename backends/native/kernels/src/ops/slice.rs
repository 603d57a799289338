//! slice(x, start, stop, step): along each axis, every step-th element from start to before stop. A view.

use crate::array::{Array, Shape, Strides};

/// The elements between bounds, of which there are as many as axes: start <= stop <= length, and step >= 1.
pub fn slice(x: &Array, start: &[usize], stop: &[usize], step: &[usize]) -> Array {
    let (mut shape, mut strides) = (Shape::new(), Strides::new());
    let mut offset = x.offset() as isize;
    for (i, &stride) in x.strides().iter().enumerate() {
        let length = (stop[i] - start[i]).div_ceil(step[i]);
        offset += start[i] as isize * stride;
        shape.push(length);
        strides.push(if length > 1 { stride * step[i] as isize } else { stride });
    }
    // Without elements it may begin beyond the memory.
    let offset = if shape.contains(&0) { 0 } else { offset as usize };
    x.view(offset, shape, strides)
}
