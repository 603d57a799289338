//! sign(x): -1, 0 or 1; +0 for a zero of either sign, and NaN for NaN.

use crate::array::Array;
use crate::elementwise::map1;
use crate::error::Result;

/// -1, 0 or 1.
pub fn sign(x: &Array) -> Result<Array> {
    map1(
        |x: f32| {
            if x > 0.0 {
                1.0
            } else if x < 0.0 {
                -1.0
            } else if x == 0.0 {
                0.0
            } else {
                x
            }
        },
        x,
    )
}
