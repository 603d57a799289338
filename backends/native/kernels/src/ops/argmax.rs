//! argmax(x, axis, keepdims): the place of the first of the largest elements along an axis. See [`crate::order`].

use crate::array::Array;
use crate::error::Result;
use crate::order::Place;
use crate::reduce::reduce_any;

/// The places of the largest elements along `axes`, one or all, in row-major order; of the first NaN, where there is one.
pub fn argmax(x: &Array, axes: &[usize], keepdims: bool) -> Result<Array> {
    reduce_any(Place::<true>, x, axes, keepdims)
}
