//! take(x, indices, axis): along one axis, the slices that the indices name; no bit changes.

use crate::array::{Array, ArrayElement, DType, Shape};
use crate::copy::PART;
use crate::error::Result;
use crate::indices;
use crate::threads;

/// Of the shape of `x`, in which the shape of `indices` stands for `axis`.
pub fn take(x: &Array, indices: &Array, axis: usize) -> Result<Array> {
    match x.dtype() {
        DType::F32 => pick::<f32>(x, indices, axis),
        DType::I32 => pick::<i32>(x, indices, axis),
        DType::Bool => pick::<u8>(x, indices, axis),
    }
}

fn pick<T: ArrayElement>(x: &Array, indices: &Array, axis: usize) -> Result<Array> {
    let (x, indices) = (x.contiguous()?, indices.contiguous()?);
    let length = x.shape()[axis];
    let chosen = indices::checked(&indices, length)?;
    let (before, after) = (&x.shape()[..axis], &x.shape()[axis + 1..]);
    let shape: Shape = before.iter().chain(indices.shape()).chain(after).copied().collect();
    let inner: usize = after.iter().product();
    Array::build(&shape, |out: &mut [T]| {
        if out.is_empty() {
            return;
        }
        let from = x.as_slice::<T>().expect("made contiguous");
        threads::for_each_chunk(out, PART.div_ceil(inner) * inner, |start, out| {
            let slice = start / inner;
            let (mut outer, mut i) = (slice / chosen.len(), slice % chosen.len());
            let mut rest = out;
            while !rest.is_empty() {
                let count = (rest.len() / inner).min(chosen.len() - i);
                let (row, after) = rest.split_at_mut(count * inner);
                slices(&from[outer * length * inner..][..length * inner], &chosen[i..i + count], inner, row);
                (rest, outer, i) = (after, outer + 1, 0);
            }
        });
    })
}

fn slices<T: ArrayElement>(from: &[T], chosen: &[i32], inner: usize, out: &mut [T]) {
    if inner == 1 {
        out.iter_mut().zip(chosen).for_each(|(to, &i)| *to = from[i as usize]);
    } else {
        for (to, &i) in out.chunks_exact_mut(inner).zip(chosen) {
            to.copy_from_slice(&from[i as usize * inner..][..inner]);
        }
    }
}
