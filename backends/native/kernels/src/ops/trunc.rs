//! trunc(x): x without its fraction, with the sign of x.

use crate::array::Array;
use crate::elementwise::map1;
use crate::error::Result;

/// x, rounded towards zero.
pub fn trunc(x: &Array) -> Result<Array> {
    map1(|x: f32| x.trunc(), x)
}
