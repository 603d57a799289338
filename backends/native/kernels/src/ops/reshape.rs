//! reshape(x, shape): the same elements in the same order, in another shape. A view, where strides can say that.

use crate::array::{Array, Strides, row_major};
use crate::copy::joined;
use crate::error::Result;

/// The elements in another shape, which has as many.
pub fn reshape(x: &Array, shape: &[usize]) -> Result<Array> {
    match strides_in(x, shape) {
        Some(strides) => Ok(x.view(x.offset(), shape.into(), strides)),
        None => Ok(x.contiguous()?.view(0, shape.into(), row_major(shape))),
    }
}

/// The strides of `x` in that shape, if there are any: every new axis must be a part of one of the old that are left
/// when neighbours are joined.
fn strides_in(x: &Array, shape: &[usize]) -> Option<Strides> {
    let mut strides = row_major(shape);
    if shape.contains(&0) {
        return Some(strides);
    }
    let mut old = joined(x.shape(), x.strides()).into_iter();
    let (mut left, mut stride) = (1, 1);
    for (&n, to) in shape.iter().zip(&mut strides).rev().filter(|(n, _)| **n != 1) {
        if left == 1 {
            (left, stride) = old.next()?;
        }
        if left % n != 0 {
            return None;
        }
        *to = stride;
        left /= n;
        stride *= n as isize;
    }
    Some(strides)
}
