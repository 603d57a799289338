//! neg(x) = -x: the other sign.

use crate::array::Array;
use crate::elementwise::map1;
use crate::error::Result;

/// -x.
pub fn neg(x: &Array) -> Result<Array> {
    map1(|x: f32| -x, x)
}
