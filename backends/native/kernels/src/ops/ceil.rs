//! ceil(x): the smallest integer that is not below x, with the sign of x.

use crate::array::Array;
use crate::elementwise::map1;
use crate::error::Result;

/// x, rounded up.
pub fn ceil(x: &Array) -> Result<Array> {
    map1(|x: f32| x.ceil(), x)
}
