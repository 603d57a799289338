//! concat(*xs, axis): arrays one after another along an axis; no bit changes.

use crate::array::{Array, ArrayElement, DType, Shape};
use crate::copy::{PART, copy_to};
use crate::error::{Error, Result};
use crate::threads;

/// One after another: arrays of one element type, whose lengths differ on `axis` alone.
pub fn concat(xs: &[&Array], axis: usize) -> Result<Array> {
    let first = xs.first().ok_or_else(|| Error::Operands("at least one array".into()))?;
    match first.dtype() {
        DType::F32 => join::<f32>(xs, axis),
        DType::I32 => join::<i32>(xs, axis),
        DType::Bool => join::<u8>(xs, axis),
    }
}

fn join<T: ArrayElement>(xs: &[&Array], axis: usize) -> Result<Array> {
    xs.iter().try_for_each(|x| x.of::<T>().map(drop))?;
    let mut shape = Shape::from(xs[0].shape());
    let length = xs.iter().try_fold(0usize, |length, x| length.checked_add(x.shape()[axis]));
    shape[axis] = length.ok_or(Error::Memory { bytes: None })?;
    Array::try_build(&shape, |out: &mut [T]| {
        if shape[..axis].iter().all(|&n| n == 1) {
            let mut rest = out;
            for x in xs {
                let (piece, after) = rest.split_at_mut(x.size());
                copy_to(x, piece);
                rest = after;
            }
            return Ok(());
        }
        let row: usize = shape[axis..].iter().product();
        if out.is_empty() {
            return Ok(());
        }
        let xs: Vec<Array> = xs.iter().map(|x| x.contiguous()).collect::<Result<_>>()?;
        let pieces: Vec<(&[T], usize)> =
            xs.iter().map(|x| (x.as_slice().expect("made contiguous"), x.shape()[axis..].iter().product())).collect();
        threads::for_each_chunk(out, PART.div_ceil(row) * row, |start, out| {
            for (i, out) in out.chunks_mut(row).enumerate() {
                let (mut rest, i) = (out, start / row + i);
                for &(from, length) in &pieces {
                    let (piece, after) = rest.split_at_mut(length);
                    piece.copy_from_slice(&from[i * length..(i + 1) * length]);
                    rest = after;
                }
            }
        });
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::broadcast_to::broadcast_to;

    #[test]
    fn a_length_that_cannot_be_counted_is_refused() {
        let x = Array::from_slice(&[1.0f32], &[]).unwrap();
        let many = broadcast_to(&x, &[1 << 60]).unwrap();
        assert_eq!(concat(&[&many; 16], 0).unwrap_err(), Error::Memory { bytes: None });
        assert_eq!(concat(&[&many; 2], 0).unwrap_err(), Error::Memory { bytes: None });
    }
}
