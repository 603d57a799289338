//! matmul(x, y) = x @ y, each element rounded once; shapes as in NumPy. See [`crate::contraction`].

use smallvec::SmallVec;

use crate::array::{Array, Shape, for_each_row};
use crate::contraction::{Vectors, strided_product};
use crate::copy::joined;
use crate::environment;
use crate::error::{Error, Result};
use crate::threads;

/// Multiplications of one product below which a batch, not its products, is shared out.
const SMALL: usize = 1 << 21;

/// Multiplications of a batch from which on it is shared out.
const SHARED: usize = 1 << 19;

/// RN of the matrix product. A vector counts as one row (left) or one column (right); the axes before the last two
/// broadcast.
pub fn matmul(x: &Array, y: &Array) -> Result<Array> {
    let refusal = || Error::Operands(format!("matmul: shapes {:?} and {:?} do not fit", x.shape(), y.shape()));
    if x.shape().is_empty() || y.shape().is_empty() {
        return Err(refusal());
    }
    let (row, column) = (x.shape().len() == 1, y.shape().len() == 1);
    let (xs, ys) = (x.shape().len().saturating_sub(2), y.shape().len().saturating_sub(2));
    let batch = broadcast(&x.shape()[..xs], &y.shape()[..ys]).ok_or_else(refusal)?;
    let mut shape = batch.clone();
    shape.extend_from_slice(&x.shape()[xs..x.shape().len() - 1]);
    if !column {
        shape.push(y.shape()[ys + 1]);
    }
    let right = columns_of(y);
    if *x.shape().last().expect("it has an axis") != right.depth {
        return Err(refusal());
    }
    if ys == 0 && !row {
        let mut copy = None;
        let left = all_rows(x, &mut copy)?;
        return Array::try_build(&shape, |out: &mut [f32]| {
            environment::with_default(|| strided_product(left, right, None, out))
        });
    }
    let left = last_rows_of(x);
    let offsets = |array: &Array, own: usize| {
        let mut strides: SmallVec<[isize; 6]> = SmallVec::from_elem(0, batch.len());
        let first = batch.len() - own;
        for i in 0..own {
            if array.shape()[i] != 1 {
                strides[first + i] = array.strides()[i];
            }
        }
        let mut offsets: SmallVec<[isize; 8]> = SmallVec::new();
        for_each_row(&batch, &strides, |start, n, stride| {
            offsets.extend((0..n as isize).map(|i| start + i * stride));
        });
        offsets
    };
    let size = left.count * right.count;
    Array::try_build(&shape, |out: &mut [f32]| {
        if out.is_empty() {
            return Ok(());
        }
        let (lefts, rights) = (offsets(x, xs), offsets(y, ys)); // when there is memory for so many results
        let one = |i: usize, out: &mut [f32]| {
            let left = Vectors { offset: left.offset + lefts[i], ..left };
            let right = Vectors { offset: right.offset + rights[i], ..right };
            strided_product(left, right, None, out)
        };
        let work = size.saturating_mul(left.depth);
        if work < SMALL && work.saturating_mul(lefts.len()) >= SHARED {
            let few = lefts.len().div_ceil(4 * threads::count());
            return threads::try_for_each_chunk(out, few * size, true, |start, out| {
                environment::with_default(|| {
                    out.chunks_exact_mut(size).enumerate().try_for_each(|(i, out)| one(start / size + i, out))
                })
            });
        }
        environment::with_default(|| out.chunks_exact_mut(size).enumerate().try_for_each(|(i, out)| one(i, out)))
    })
}

/// The shape that both broadcast to.
fn broadcast(x: &[usize], y: &[usize]) -> Option<Shape> {
    let axes = x.len().max(y.len());
    let length = |shape: &[usize], i: usize| if i + shape.len() < axes { 1 } else { shape[i + shape.len() - axes] };
    (0..axes)
        .map(|i| match (length(x, i), length(y, i)) {
            (1, n) | (n, 1) => Some(n),
            (m, n) => (m == n).then_some(n),
        })
        .collect()
}

/// All rows along the last axis; of a copy, which is kept in `copy`, where one stride does not lead through them.
pub(crate) fn all_rows<'a>(x: &'a Array, copy: &'a mut Option<Array>) -> Result<Vectors<'a>> {
    match rows_of(x) {
        Some(rows) => Ok(rows),
        None => Ok(rows_of(copy.insert(x.contiguous()?)).expect("a copy is in row-major order")),
    }
}

fn rows_of(x: &Array) -> Option<Vectors<'_>> {
    let (&depth, outer) = x.shape().split_last()?;
    if outer.contains(&0) {
        return Some(Vectors { elements: x.raw(), offset: 0, count: 0, depth, across: 0, along: 1 });
    }
    let (count, across) = match joined(outer, &x.strides()[..outer.len()])[..] {
        [] => (1, 0),
        [axis] => axis,
        _ => return None,
    };
    let along = if depth == 1 { 1 } else { x.strides()[outer.len()] };
    Some(Vectors { elements: x.raw(), offset: x.offset() as isize, count, depth, across, along })
}

/// The rows of the first matrix, or the vector.
fn last_rows_of(x: &Array) -> Vectors<'_> {
    let axes = x.shape().len();
    let (count, across) = if axes == 1 { (1, 0) } else { (x.shape()[axes - 2], x.strides()[axes - 2]) };
    let depth = x.shape()[axes - 1];
    let along = x.strides()[axes - 1];
    Vectors { elements: x.raw(), offset: x.offset() as isize, count, depth, across, along }
}

/// The columns of the first matrix, or the vector.
fn columns_of(y: &Array) -> Vectors<'_> {
    let rows = last_rows_of(y);
    if y.shape().len() == 1 {
        return rows;
    }
    Vectors { count: rows.depth, depth: rows.count, across: rows.along, along: rows.across, ..rows }
}
