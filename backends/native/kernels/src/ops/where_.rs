//! where(condition, x, y): x where the condition holds, y elsewhere; no bit changes.

use crate::array::{Array, ArrayElement, DType};
use crate::elementwise::map3;
use crate::error::Result;

/// x where the condition holds, y elsewhere.
pub fn where_(condition: &Array, x: &Array, y: &Array) -> Result<Array> {
    match x.dtype() {
        DType::F32 => choose::<f32>(condition, x, y),
        DType::I32 => choose::<i32>(condition, x, y),
        DType::Bool => choose::<u8>(condition, x, y),
    }
}

fn choose<T: ArrayElement>(condition: &Array, x: &Array, y: &Array) -> Result<Array> {
    map3(|holds: u8, x: T, y: T| if holds != 0 { x } else { y }, condition, x, y)
}
