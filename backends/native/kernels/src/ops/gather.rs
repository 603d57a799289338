//! gather(x, indices, axis): along one axis, the element that each index names; no bit changes.

use crate::array::{Array, ArrayElement, DType, Strides};
use crate::copy::PART;
use crate::error::Result;
use crate::indices;
use crate::threads;
use crate::walk::Walk;

/// Of the shape of `indices`, which reach no further than `x` on the other axes.
pub fn gather(x: &Array, indices: &Array, axis: usize) -> Result<Array> {
    match x.dtype() {
        DType::F32 => pick::<f32>(x, indices, axis),
        DType::I32 => pick::<i32>(x, indices, axis),
        DType::Bool => pick::<u8>(x, indices, axis),
    }
}

fn pick<T: ArrayElement>(x: &Array, indices: &Array, axis: usize) -> Result<Array> {
    let indices = indices.contiguous()?;
    let places = indices::checked(&indices, x.shape()[axis])?;
    Array::build(indices.shape(), |out: &mut [T]| {
        if out.is_empty() {
            return;
        }
        // The elements with index 0, from which every index leads on.
        let mut strides = Strides::from(x.strides());
        let along = std::mem::replace(&mut strides[axis], 0);
        let origin = x.view(x.offset(), indices.shape().into(), strides);
        let (walk, raw) = (Walk::new(origin.shape(), [&origin]), x.raw::<T>());
        threads::for_each_chunk(out, PART, |start, out| {
            let chosen = &places[start..start + out.len()];
            walk.rows(start, out.len(), |row, [at]| {
                let mut at = at as isize;
                for (to, &index) in out[row.clone()].iter_mut().zip(&chosen[row]) {
                    *to = raw[(at + index as isize * along) as usize];
                    at += walk.step[0];
                }
            });
        });
    })
}
