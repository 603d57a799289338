//! leaky_relu(x) = max(slope x, x), the product rounded once: one binary32 multiplication.
//!
//! While slope <= 1 the line with the slope is below zero, else above. Zeros keep their sign; a slope of 0 gives -0 below
//! zero, at -inf too.

use crate::array::Array;
use crate::elementwise::map1;
use crate::error::Result;

/// RN of max(slope x, x), for a finite slope.
pub fn leaky_relu(x: &Array, slope: f32) -> Result<Array> {
    if slope > 1.0 {
        map1(move |x: f32| if x > 0.0 { slope * x } else { x }, x)
    } else if slope == 0.0 {
        map1(|x: f32| if x < 0.0 { -0.0 } else { x }, x)
    } else {
        map1(move |x: f32| if x < 0.0 { slope * x } else { x }, x)
    }
}
