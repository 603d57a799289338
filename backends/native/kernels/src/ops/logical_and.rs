//! logical_and(x, y): true where both are; bools are bytes 0 or 1.

use crate::array::Array;
use crate::elementwise::map2;
use crate::error::Result;

/// The mask of x and y.
pub fn logical_and(x: &Array, y: &Array) -> Result<Array> {
    map2(|x: u8, y: u8| x & y, x, y)
}
