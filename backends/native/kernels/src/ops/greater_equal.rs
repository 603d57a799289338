//! greater_equal(x, y): whether x >= y, of float32, int32 or bool; false with NaN (IEEE 754-2019, 5.11).

use crate::array::Array;
use crate::elementwise::{Comparison, compare};
use crate::error::Result;

struct GreaterEqual;

impl Comparison for GreaterEqual {
    #[inline(always)]
    fn holds<T: PartialOrd>(x: T, y: T) -> bool {
        x >= y
    }
}

/// The mask of x >= y.
pub fn greater_equal(x: &Array, y: &Array) -> Result<Array> {
    compare::<GreaterEqual>(x, y)
}
