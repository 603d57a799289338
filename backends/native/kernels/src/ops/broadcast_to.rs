//! broadcast_to(x, shape): the elements repeated along axes of length one, and along new axes in front. A view.

use crate::array::{Array, size_of_shape};
use crate::error::{Error, Result};

/// The elements repeated to a shape that `x` broadcasts to.
///
/// What is repeated takes no memory, so that nothing but this refuses a shape whose elements cannot be counted.
pub fn broadcast_to(x: &Array, shape: &[usize]) -> Result<Array> {
    let bytes = size_of_shape(shape)?.checked_mul(x.dtype().size());
    let fits = |n: usize| isize::try_from(n).is_ok();
    if !(bytes.is_some_and(fits) && shape.iter().all(|&n| fits(n))) {
        return Err(Error::Memory { bytes });
    }
    let new = shape.len() - x.shape().len();
    let old = x.shape().iter().zip(x.strides()).zip(&shape[new..]);
    let strides = old.map(|((&n, &stride), &length)| if n == length { stride } else { 0 });
    Ok(x.view(x.offset(), shape.into(), std::iter::repeat_n(0, new).chain(strides).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_elements_than_can_be_counted_are_refused() {
        let x = Array::from_slice(&[1.0f32], &[1, 1]).unwrap();
        for shape in [&[1 << 40, 1 << 40][..], &[1 << 32, 1 << 32], &[1, (1 << 62) - 25], &[1 << 63, 1], &[0, 1 << 63]]
        {
            assert!(matches!(broadcast_to(&x, shape), Err(Error::Memory { .. })), "{shape:?}");
        }
        assert_eq!(broadcast_to(&x, &[1 << 30, 1 << 30]).unwrap().shape(), [1 << 30, 1 << 30]);
    }
}
