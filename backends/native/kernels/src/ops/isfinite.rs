//! isfinite(x): whether x is a number, neither infinite nor NaN, as every int32 is.

use crate::array::{Array, DType};
use crate::elementwise::map1;
use crate::error::Result;

/// The mask of numbers.
pub fn isfinite(x: &Array) -> Result<Array> {
    match x.dtype() {
        DType::I32 => map1(|_: i32| 1u8, x),
        _ => map1(|x: f32| u8::from(x.is_finite()), x),
    }
}
