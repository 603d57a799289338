//! broadcast_to(x, shape): the elements repeated along axes of length one, and along new axes in front. A view.

use crate::array::{Array, size_of_shape};
use crate::error::Result;

/// The elements repeated to a shape that `x` broadcasts to. More of them than can be counted are refused.
pub fn broadcast_to(x: &Array, shape: &[usize]) -> Result<Array> {
    size_of_shape(shape)?;
    let new = shape.len() - x.shape().len();
    let old = x.shape().iter().zip(x.strides()).zip(&shape[new..]);
    let strides = old.map(|((&n, &stride), &length)| if n == length { stride } else { 0 });
    Ok(x.view(x.offset(), shape.into(), std::iter::repeat_n(0, new).chain(strides).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn more_elements_than_can_be_counted_are_refused() {
        let x = Array::from_slice(&[1.0f32], &[]).unwrap();
        for shape in [&[1 << 61][..], &[1 << 32, 1 << 32], &[1 << 40, 1 << 40], &[3, 1 << 62]] {
            assert_eq!(broadcast_to(&x, shape).unwrap_err(), Error::Memory { bytes: None }, "{shape:?}");
        }
        assert_eq!(broadcast_to(&x, &[1 << 60]).unwrap().size(), 1 << 60);
        let none = broadcast_to(&Array::from_slice::<f32>(&[], &[0]).unwrap(), &[1 << 40, 1 << 40, 0]).unwrap();
        assert_eq!(none.size(), 0);
    }
}
