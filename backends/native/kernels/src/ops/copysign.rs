//! copysign(x, y): the magnitude of x with the sign of y. A y that is NaN has none (contract N1.2): the result is |x|.

use crate::array::Array;
use crate::elementwise::map2;
use crate::error::Result;

/// |x| with the sign of y.
pub fn copysign(x: &Array, y: &Array) -> Result<Array> {
    map2(|x: f32, y: f32| if y.is_nan() { x.abs() } else { x.copysign(y) }, x, y)
}
