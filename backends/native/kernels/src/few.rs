//! Reductions of rows of a few elements, such as the windows of a pooling, where they lie: to lay such rows side by side
//! first would take longer than to reduce them.

use smallvec::SmallVec;

use crate::array::{Array, ArrayElement, Shape, Strides};
use crate::environment;
use crate::error::Result;
use crate::reduce::reduced_shape;
use crate::threads;
use crate::walk::Walk;

/// The longest rows that count as short.
const MOST: usize = 16;

/// Results that lie side by side from here on are many enough to be made together, column by column.
const WIDE: usize = 16;

/// Results that one thread makes at a time.
const PART: usize = 1 << 13;

/// What is made of a row.
pub trait Few: Copy + Sync {
    /// The element type of the result.
    type Out: ArrayElement;

    /// The result of a row that is not empty.
    fn of(self, row: impl Iterator<Item = f32>) -> Self::Out;
}

/// The reduction of `x`, which has elements, along `axes`; `None` where the rows are long, or lie so that another way is
/// better.
pub fn reduce_few<F: Few>(f: F, x: &Array, axes: &[usize], keepdims: bool) -> Result<Option<Array>> {
    let length: usize = axes.iter().map(|&axis| x.shape()[axis]).product();
    let kept = (0..x.shape().len()).filter(|axis| !axes.contains(axis) && x.shape()[*axis] > 1);
    let (lengths, strides): (Shape, Strides) = kept.map(|axis| (x.shape()[axis], x.strides()[axis])).unzip();
    let side_by_side = strides.last() == Some(&1) && lengths.last().is_some_and(|&n| n >= WIDE);
    if length > MOST || length < 2 || side_by_side || lengths.iter().product::<usize>() < WIDE {
        return Ok(None);
    }
    let mut offsets: SmallVec<[isize; MOST]> = SmallVec::from_elem(0, 1);
    for &axis in axes {
        let steps = 0..x.shape()[axis] as isize;
        offsets = offsets.iter().flat_map(|at| steps.clone().map(move |i| at + i * x.strides()[axis])).collect();
    }
    let firsts = x.view(x.offset(), lengths, strides);
    let raw = x.of::<f32>()?.raw::<f32>();
    Array::build(&reduced_shape(x.shape(), axes, keepdims), |out: &mut [F::Out]| match offsets[..] {
        [a, b] => each(f, raw, &firsts, [a, b], out),
        [a, b, c] => each(f, raw, &firsts, [a, b, c], out),
        [a, b, c, d] => each(f, raw, &firsts, [a, b, c, d], out),
        _ => each(f, raw, &firsts, offsets, out),
    })
    .map(Some)
}

/// The result of every row, which has its elements so far from its first one.
fn each<F: Few>(f: F, raw: &[f32], firsts: &Array, offsets: impl AsRef<[isize]> + Sync, out: &mut [F::Out]) {
    let walk = Walk::new(firsts.shape(), [firsts]);
    let part = if out.len() < 2 * PART { out.len() } else { PART };
    threads::for_each_chunk(out, part, |start, out| {
        environment::with_default(|| {
            for (places, [at]) in walk.rows(start, out.len()) {
                let mut first = at as isize;
                for to in &mut out[places] {
                    *to = f.of(offsets.as_ref().iter().map(|offset| raw[(first + offset) as usize]));
                    first += walk.step[0];
                }
            }
        });
    });
}
