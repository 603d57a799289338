//! Indices in operands, which are checked before they are followed.

use crate::array::Array;
use crate::error::{Error, Result};

/// The elements of a row-major int32 array, if all are in [0, length); else the first one that is not.
pub fn checked(indices: &Array, length: usize) -> Result<&[i32]> {
    let elements = indices.of::<i32>()?.as_slice::<i32>().expect("indices are row-major");
    // As unsigned, a negative one is above all others.
    let outside = |index: i32| index as u32 as usize >= length;
    if elements.iter().fold(false, |found, &index| found | outside(index)) {
        let place = elements.iter().position(|&index| outside(index)).expect("there is one");
        return Err(Error::Index { index: elements[place].into(), place, length });
    }
    Ok(elements)
}
