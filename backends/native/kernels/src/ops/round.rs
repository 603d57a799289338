//! round(x): the nearest integer, of two the even one, with the sign of x (IEEE 754-2019, 5.9: roundToIntegralTiesToEven).

use crate::array::Array;
use crate::elementwise::map1;
use crate::error::Result;

/// x, rounded to nearest.
pub fn round(x: &Array) -> Result<Array> {
    map1(|x: f32| x.round_ties_even(), x)
}
