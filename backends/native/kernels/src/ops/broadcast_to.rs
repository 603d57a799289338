//! broadcast_to(x, shape): the elements repeated along axes of length one, and along new axes in front. A view.

use crate::array::Array;

/// The elements repeated to a shape that `x` broadcasts to.
pub fn broadcast_to(x: &Array, shape: &[usize]) -> Array {
    let new = shape.len() - x.shape().len();
    let old = x.shape().iter().zip(x.strides()).zip(&shape[new..]);
    let strides = old.map(|((&n, &stride), &length)| if n == length { stride } else { 0 });
    x.view(x.offset(), shape.into(), std::iter::repeat_n(0, new).chain(strides).collect())
}
