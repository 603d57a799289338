//! std(x, axis, keepdims, correction): the standard deviation of the elements along some axes, rounded once: the root
//! of what [`super::var`] computes.

use crate::array::Array;
use crate::error::Result;
use crate::ops::var::Variance;
use crate::reduce::reduce;

/// RN of the exact standard deviations along `axes`, which are sorted; `n > correction`.
pub fn std(x: &Array, axes: &[usize], keepdims: bool, correction: f32) -> Result<Array> {
    reduce(Variance { correction, root: true, center: 0.0 }, x, axes, keepdims)
}
