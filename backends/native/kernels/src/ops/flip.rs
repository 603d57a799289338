//! flip(x, axis): the elements in reverse order along some axes. A view.

use crate::array::Array;

/// The axes turned around.
pub fn flip(x: &Array, axis: &[usize]) -> Array {
    if x.size() == 0 {
        return x.clone();
    }
    let mut offset = x.offset() as isize;
    let mut strides = crate::array::Strides::from(x.strides());
    for &i in axis {
        offset += (x.shape()[i] as isize - 1) * strides[i];
        strides[i] = -strides[i];
    }
    x.view(offset as usize, x.shape().into(), strides)
}
