//! less(x, y): whether x < y, of float32, int32 or bool; false with NaN (IEEE 754-2019, 5.11).

use crate::array::Array;
use crate::elementwise::{Comparison, compare};
use crate::error::Result;

struct Less;

impl Comparison for Less {
    #[inline(always)]
    fn holds<T: PartialOrd>(x: T, y: T) -> bool {
        x < y
    }
}

/// The mask of x < y.
pub fn less(x: &Array, y: &Array) -> Result<Array> {
    compare::<Less>(x, y)
}
