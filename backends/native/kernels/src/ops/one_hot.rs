//! one_hot(indices, classes): a row of zeros for every index, with a one at its place.

use crate::array::{Array, Shape};
use crate::copy::PART;
use crate::error::Result;
use crate::indices;
use crate::threads;

/// Of the shape of `indices` and one axis more, of `classes`, which is at least 1.
pub fn one_hot(indices: &Array, classes: usize) -> Result<Array> {
    let indices = indices.contiguous()?;
    let chosen = indices::checked(&indices, classes)?;
    let shape: Shape = indices.shape().iter().copied().chain([classes]).collect();
    Array::build(&shape, |out: &mut [f32]| {
        threads::for_each_chunk(out, PART.div_ceil(classes) * classes, |start, out| {
            out.fill(0.0);
            for (row, &index) in out.chunks_exact_mut(classes).zip(&chosen[start / classes..]) {
                row[index as usize] = 1.0;
            }
        });
    })
}
