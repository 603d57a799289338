//! sqrt(x), rounded once: the root of IEEE 754-2019, 5.4.1.

use crate::array::Array;
use crate::elementwise::map1;
use crate::error::Result;

/// RN of the root.
pub fn sqrt(x: &Array) -> Result<Array> {
    map1(|x: f32| x.sqrt(), x)
}
