//! sum(x, axis, keepdims): the sum of the elements along some axes, rounded once. See [`crate::sums`].

use crate::array::Array;
use crate::error::Result;
use crate::reduce::{reduce, reduced_shape};
use crate::sums::Sum;

/// RN of the exact sums along `axes`, which are sorted; those of no elements are +0.
pub fn sum(x: &Array, axes: &[usize], keepdims: bool) -> Result<Array> {
    if x.size() == 0 {
        return Array::build(&reduced_shape(x.shape(), axes, keepdims), |out: &mut [f32]| out.fill(0.0));
    }
    reduce(Sum { mean: false }, x, axes, keepdims)
}
