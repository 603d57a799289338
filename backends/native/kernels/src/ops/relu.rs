//! relu(x) = max(0, x): +0 for -0, and NaN for NaN.

use crate::array::Array;
use crate::elementwise::map1;
use crate::error::Result;

/// max(0, x).
pub fn relu(x: &Array) -> Result<Array> {
    map1(|x: f32| if x <= 0.0 { 0.0 } else { x }, x)
}
