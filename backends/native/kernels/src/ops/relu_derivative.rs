//! relu_derivative(x): 1 if x > 0, 0 if x <= 0, and NaN for NaN.

use crate::array::Array;
use crate::elementwise::map1;
use crate::error::Result;

/// 1 above zero, 0 elsewhere.
pub fn relu_derivative(x: &Array) -> Result<Array> {
    map1(
        |x: f32| {
            if x > 0.0 {
                1.0
            } else if x <= 0.0 {
                0.0
            } else {
                x
            }
        },
        x,
    )
}
