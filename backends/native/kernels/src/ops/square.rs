//! square(x) = x^2, rounded once: one binary32 multiplication.

use crate::array::Array;
use crate::elementwise::map1;
use crate::error::Result;

/// RN of x^2.
pub fn square(x: &Array) -> Result<Array> {
    map1(|x: f32| x * x, x)
}
