//! mean(x, axis, keepdims): the arithmetic mean of the elements along some axes, rounded once. See [`crate::sums`].

use crate::array::Array;
use crate::error::Result;
use crate::reduce::reduce;
use crate::sums::Sum;

/// RN of the exact means along `axes`, which are sorted.
pub fn mean(x: &Array, axes: &[usize], keepdims: bool) -> Result<Array> {
    reduce(Sum { mean: true }, x, axes, keepdims)
}
