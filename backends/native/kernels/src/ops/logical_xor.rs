//! logical_xor(x, y): true where one is and the other is not; bools are bytes 0 or 1.

use crate::array::Array;
use crate::elementwise::map2;
use crate::error::Result;

/// The mask of either x or y.
pub fn logical_xor(x: &Array, y: &Array) -> Result<Array> {
    map2(|x: u8, y: u8| x ^ y, x, y)
}
