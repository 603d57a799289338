//! signbit(x): whether x has a minus sign, as -0 has; NaN has none (contract N1.2).

use crate::array::Array;
use crate::elementwise::map1;
use crate::error::Result;

/// The mask of minus signs.
pub fn signbit(x: &Array) -> Result<Array> {
    map1(|x: f32| u8::from(x.is_sign_negative() & !x.is_nan()), x)
}
