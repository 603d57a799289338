//! div(x, y) = x / y, rounded once: one binary32 division (IEEE 754-2019, 5.4.1).

use crate::array::Array;
use crate::elementwise::map2;
use crate::error::Result;

/// RN of x / y.
pub fn div(x: &Array, y: &Array) -> Result<Array> {
    map2(|x: f32, y: f32| x / y, x, y)
}
