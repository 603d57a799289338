//! min(x, axis, keepdims): the smallest of the elements along some axes. See [`crate::order`].

use crate::array::Array;
use crate::error::Result;
use crate::order::Extreme;
use crate::reduce::reduce_any;

/// The smallest elements along `axes`, which are sorted; NaN if any is.
pub fn min(x: &Array, axes: &[usize], keepdims: bool) -> Result<Array> {
    reduce_any(Extreme::<false>, x, axes, keepdims)
}
