//! floor(x): the largest integer that is not above x, with the sign of x.

use crate::array::Array;
use crate::elementwise::map1;
use crate::error::Result;

/// x, rounded down.
pub fn floor(x: &Array) -> Result<Array> {
    map1(|x: f32| x.floor(), x)
}
