//! astype(x, dtype): the same numbers as another element type: a bool becomes 0 or 1, an int32 is rounded once to binary32
//! (the conversion of IEEE 754-2019, 5.4.1).

use crate::array::{Array, DType};
use crate::elementwise::map1;
use crate::error::{Error, Result};

/// The same numbers as `dtype`; the array itself, where it is that already.
pub fn astype(x: &Array, dtype: DType) -> Result<Array> {
    match (x.dtype(), dtype) {
        (from, to) if from == to => Ok(x.clone()),
        (DType::Bool, DType::I32) => map1(|x: u8| i32::from(x), x),
        (DType::Bool, DType::F32) => map1(|x: u8| f32::from(x), x),
        (DType::I32, DType::F32) => map1(|x: i32| x as f32, x),
        (from, to) => Err(Error::DType(format!("{from} does not become {to}"))),
    }
}
