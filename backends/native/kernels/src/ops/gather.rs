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
            for (row, [at]) in walk.rows(start, out.len()) {
                let mut at = at as isize;
                for (to, &index) in out[row.clone()].iter_mut().zip(&chosen[row]) {
                    *to = raw[(at + index as isize * along) as usize];
                    at += walk.step[0];
                }
            }
        });
    })
}

#[cfg(test)]
mod tests {
    use crate::array::Array;
    use crate::error::Error;
    use crate::ops::{gather::gather, take::take, transpose::transpose};

    #[test]
    fn indices_and_operands_may_be_turned() {
        let x = transpose(&Array::from_slice(&[1, 2, 3, 4, 5, 6], &[2, 3]).unwrap(), &[1, 0]); // [[1, 4], [2, 5], [3, 6]]
        let i = transpose(&Array::from_slice(&[2, 0, 1, 1], &[2, 2]).unwrap(), &[1, 0]); // [[2, 1], [0, 1]]
        assert_eq!(gather(&x, &i, 0).unwrap().to_vec::<i32>(), [3, 5, 1, 5]);
        assert_eq!(take(&x, &i, 0).unwrap().to_vec::<i32>(), [3, 6, 2, 5, 1, 4, 2, 5]);
        let i = Array::from_slice(&[1, 0, 1], &[3, 1]).unwrap();
        assert_eq!(gather(&x, &i, 1).unwrap().to_vec::<i32>(), [4, 2, 6]);
        assert_eq!(take(&x, &i, 1).unwrap().to_vec::<i32>(), [4, 1, 4, 5, 2, 5, 6, 3, 6]);
        let i = Array::from_slice(&[1, -1, 3], &[3, 1]).unwrap();
        assert_eq!(gather(&x, &i, 0).unwrap_err(), Error::Index { index: -1, place: 1, length: 3 });
    }
}
