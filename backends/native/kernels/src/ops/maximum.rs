//! maximum(x, y): the larger of the two, +0 of two different zeros, NaN if either is (contract N2.3).

use crate::array::Array;
use crate::elementwise::map2;
use crate::error::Result;

/// The larger one.
pub fn maximum(x: &Array, y: &Array) -> Result<Array> {
    map2(
        |x: f32, y: f32| {
            if x > y {
                x
            } else if y > x {
                y
            } else if x == y {
                f32::from_bits(x.to_bits() & y.to_bits()) // the same bits, unless they are two zeros
            } else {
                f32::NAN
            }
        },
        x,
        y,
    )
}
