//! leaky_relu_derivative(x): the larger of 1 and the slope if x > 0, the smaller if x <= 0, and NaN for NaN.

use crate::array::Array;
use crate::elementwise::map1;
use crate::error::Result;

/// The derivative of the leaky rectified linear unit, for a finite slope.
pub fn leaky_relu_derivative(x: &Array, slope: f32) -> Result<Array> {
    let (left, right) = (slope.min(1.0), slope.max(1.0));
    map1(
        move |x: f32| {
            if x > 0.0 {
                right
            } else if x <= 0.0 {
                left
            } else {
                x
            }
        },
        x,
    )
}
