//! logical_not(x): true where x is false; bools are bytes 0 or 1.

use crate::array::Array;
use crate::elementwise::map1;
use crate::error::Result;

/// The mask of not x.
pub fn logical_not(x: &Array) -> Result<Array> {
    map1(|x: u8| x ^ 1, x)
}
