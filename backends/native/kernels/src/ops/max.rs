//! max(x, axis, keepdims): the largest of the elements along some axes. See [`crate::order`].

use crate::array::Array;
use crate::error::Result;
use crate::order::Extreme;
use crate::reduce::reduce_any;

/// The largest elements along `axes`, which are sorted; NaN if any is.
pub fn max(x: &Array, axes: &[usize], keepdims: bool) -> Result<Array> {
    reduce_any(Extreme::<true>, x, axes, keepdims)
}
