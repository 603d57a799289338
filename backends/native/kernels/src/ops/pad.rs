//! pad(x, widths, value, interior): the elements with a filling before, after and between them; no bit changes.

use crate::array::{Array, ArrayElement, DType, Shape};
use crate::environment;
use crate::error::{Error, Result};

/// The elements among a filling: for each axis, how many stand before and after, and how many between neighbours.
///
/// `value` is one of the array's element type.
pub fn pad(x: &Array, widths: &[(usize, usize)], value: f64, interior: &[usize]) -> Result<Array> {
    match x.dtype() {
        DType::F32 => fill(x, widths, environment::with_default(|| value as f32), interior), // it may be subnormal
        DType::I32 => fill(x, widths, value as i32, interior),
        DType::Bool => fill(x, widths, value as u8, interior),
    }
}

/// Below this, a loop is quicker than a call that copies.
const SHORT: usize = 16;

/// Where the elements go along an axis.
struct Axis {
    before: usize,
    step: usize,
    /// Elements of an array for each step along the axis: the operand's, and the result's.
    inner: (usize, usize),
}

fn fill<T: ArrayElement>(x: &Array, widths: &[(usize, usize)], value: T, interior: &[usize]) -> Result<Array> {
    let x = x.contiguous()?;
    let length = |n: usize, (before, after): (usize, usize), gap: usize| {
        let gaps = n.saturating_sub(1).checked_mul(gap)?;
        n.checked_add(gaps)?.checked_add(before)?.checked_add(after)
    };
    let shape = x.shape().iter().zip(widths).zip(interior).map(|((&n, &width), &gap)| length(n, width, gap));
    let shape: Shape = shape.collect::<Option<_>>().ok_or(Error::Memory { bytes: None })?;
    Array::build(&shape, |out: &mut [T]| {
        out.fill(value);
        let from = x.as_slice::<T>().expect("made contiguous");
        if from.is_empty() {
            return;
        }
        let mut inner = (1, 1);
        let mut axes: Vec<Axis> = (0..shape.len())
            .rev()
            .map(|i| {
                let axis = Axis { before: widths[i].0, step: interior[i].saturating_add(1), inner };
                inner = (inner.0 * x.shape()[i], inner.1 * shape[i]);
                axis
            })
            .collect();
        axes.reverse();
        put(from, out, &axes);
    })
}

fn put<T: ArrayElement>(from: &[T], out: &mut [T], axes: &[Axis]) {
    match axes {
        [] => out[0] = from[0],
        [Axis { before, step: 1, .. }] if from.len() >= SHORT => {
            out[*before..][..from.len()].copy_from_slice(from);
        }
        [Axis { before, step, .. }] => {
            out[*before..].iter_mut().step_by(*step).zip(from).for_each(|(to, &x)| *to = x);
        }
        [Axis { before, step, inner }, rest @ ..] => {
            for (from, out) in from.chunks(inner.0).zip(out.chunks_mut(inner.1).skip(*before).step_by(*step)) {
                put(from, out, rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_element_has_no_gap_however_wide() {
        let x = Array::from_slice(&[7], &[1]).unwrap();
        let y = pad(&x, &[(1, 2)], 3.0, &[usize::MAX]).unwrap();
        assert_eq!(y.to_vec::<i32>(), [3, 7, 3, 3]);
        let two = Array::from_slice(&[7, 8], &[2]).unwrap();
        assert_eq!(pad(&two, &[(1, 0)], 0.0, &[usize::MAX]).unwrap_err(), Error::Memory { bytes: None });
    }
}
