//! abs(x) = |x|: the sign becomes plus.

use crate::array::Array;
use crate::elementwise::map1;
use crate::error::Result;

/// |x|.
pub fn abs(x: &Array) -> Result<Array> {
    map1(|x: f32| x.abs(), x)
}
