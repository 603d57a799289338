//! reciprocal(x) = 1 / x, rounded once: one binary32 division (IEEE 754-2019, 5.4.1).

use crate::array::Array;
use crate::elementwise::map1;
use crate::error::Result;

/// RN of 1 / x.
pub fn reciprocal(x: &Array) -> Result<Array> {
    map1(|x: f32| 1.0 / x, x)
}
