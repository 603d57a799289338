//! bitwise_or(x, y): the bits that are set in either, of int32 or of bool.

use crate::array::{Array, DType};
use crate::elementwise::map2;
use crate::error::Result;

/// The bits that are set in either.
pub fn bitwise_or(x: &Array, y: &Array) -> Result<Array> {
    match x.dtype() {
        DType::Bool => map2(|x: u8, y: u8| x | y, x, y),
        _ => map2(|x: i32, y: i32| x | y, x, y),
    }
}
