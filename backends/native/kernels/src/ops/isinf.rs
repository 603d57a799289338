//! isinf(x): whether x is an infinity, of either sign, which no int32 is.

use crate::array::{Array, DType};
use crate::elementwise::map1;
use crate::error::Result;

/// The mask of infinities.
pub fn isinf(x: &Array) -> Result<Array> {
    match x.dtype() {
        DType::I32 => map1(|_: i32| 0u8, x),
        _ => map1(|x: f32| u8::from(x.is_infinite()), x),
    }
}
