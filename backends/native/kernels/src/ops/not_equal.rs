//! not_equal(x, y): whether x != y, of float32, int32 or bool; true with NaN (IEEE 754-2019, 5.11).

use crate::array::Array;
use crate::elementwise::{Comparison, compare};
use crate::error::Result;

struct NotEqual;

impl Comparison for NotEqual {
    #[inline(always)]
    fn holds<T: PartialOrd>(x: T, y: T) -> bool {
        x != y
    }
}

/// The mask of x != y.
pub fn not_equal(x: &Array, y: &Array) -> Result<Array> {
    compare::<NotEqual>(x, y)
}
