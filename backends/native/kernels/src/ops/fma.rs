//! fma(x, y, z) = x y + z, rounded once: the fused multiply-add of IEEE 754-2019, 5.4.1.

use crate::array::Array;
use crate::elementwise::map3;
use crate::error::Result;

/// RN of x y + z.
pub fn fma(x: &Array, y: &Array, z: &Array) -> Result<Array> {
    map3(|x: f32, y: f32, z: f32| x.mul_add(y, z), x, y, z)
}
