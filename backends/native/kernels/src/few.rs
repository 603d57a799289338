//! Reductions of rows of a few elements, such as the windows of a pooling, where they lie: to lay such rows side by side
//! first would take longer than to reduce them. Some rows are reduced abreast, an element of each at a time.

use smallvec::SmallVec;

use crate::array::{Array, ArrayElement, Shape, Strides};
use crate::copy::{Axes, joined, position};
use crate::environment;
use crate::error::Result;
use crate::reduce::reduced_shape;
use crate::simd::{Kernel, Simd, dispatch};
use crate::threads;

/// The longest rows that count as short.
const MOST: usize = 16;

/// Results that lie side by side from here on are many enough to be made together, column by column.
const WIDE: usize = 16;

/// Rows abreast.
const ABREAST: usize = 16;

/// The most rows of which it is known together where they begin.
const BLOCK: usize = 64;

/// Results that one thread makes at a time.
const PART: usize = 1 << 13;

/// What is made of a row, from its first element to its last.
pub trait Few: Copy + Sync {
    /// The element type of the result.
    type Out: ArrayElement;
    /// What is known after some elements.
    type Known: Copy;

    /// Before the first element.
    fn empty(self) -> Self::Known;

    /// After the element at a place.
    fn next(self, known: Self::Known, x: f32, place: i32) -> Self::Known;

    /// After the last.
    fn made(self, known: Self::Known) -> Self::Out;
}

/// The reduction of `x`, which has elements, along `axes`; `None` where the rows are long, or lie so that another way is
/// better.
pub fn reduce_few<F: Few>(f: F, x: &Array, axes: &[usize], keepdims: bool) -> Result<Option<Array>> {
    let length: usize = axes.iter().map(|&axis| x.shape()[axis]).product();
    let kept = (0..x.shape().len()).filter(|axis| !axes.contains(axis));
    let (lengths, strides): (Shape, Strides) = kept.map(|axis| (x.shape()[axis], x.strides()[axis])).unzip();
    let results = joined(&lengths, &strides);
    let side_by_side = results.first().is_some_and(|&(n, stride)| stride == 1 && n >= WIDE);
    if !(2..=MOST).contains(&length) || side_by_side || lengths.iter().product::<usize>() < WIDE {
        return Ok(None);
    }
    let mut offsets: SmallVec<[isize; MOST]> = SmallVec::from_elem(0, 1);
    for &axis in axes {
        let steps = 0..x.shape()[axis] as isize;
        offsets = offsets.iter().flat_map(|at| steps.clone().map(move |i| at + i * x.strides()[axis])).collect();
    }
    let raw = x.of::<f32>()?.raw::<f32>();
    let (starts, outer) = block(&results);
    Array::build(&reduced_shape(x.shape(), axes, keepdims), |out: &mut [F::Out]| {
        let part = if out.len() < 2 * PART { out.len() } else { PART.next_multiple_of(starts.len()) };
        threads::for_each_chunk(out, part, |start, out| {
            environment::with_default(|| {
                for (i, out) in out.chunks_mut(starts.len()).enumerate() {
                    let first = position(x.offset(), &outer, start / starts.len() + i) as isize;
                    dispatch(Abreast { f, raw, first, starts: &starts, offsets: &offsets, out });
                }
            });
        });
    })
    .map(Some)
}

/// Where the rows of a block begin, counted from its first one; and the axes along which there are blocks.
fn block(results: &Axes) -> (SmallVec<[isize; BLOCK]>, Axes) {
    let mut starts: SmallVec<[isize; BLOCK]> = SmallVec::from_elem(0, 1);
    let mut outer = results.clone();
    while let Some(&(n, stride)) = outer.first() {
        let found = starts.len();
        // Of an axis that is too long, a part that divides it.
        let most = BLOCK / found;
        let taken = if n <= most { n } else { (1..=most).rev().find(|part| n % part == 0).unwrap_or(1) };
        for i in 1..taken as isize {
            for k in 0..found {
                starts.push(starts[k] + i * stride);
            }
        }
        if taken < n {
            outer[0] = (n / taken, stride * taken as isize);
            break;
        }
        outer.remove(0);
    }
    (starts, outer)
}

/// The results of a block.
struct Abreast<'a, F: Few> {
    f: F,
    raw: &'a [f32],
    first: isize,
    starts: &'a [isize],
    offsets: &'a [isize],
    out: &'a mut [F::Out],
}

impl<F: Few> Kernel for Abreast<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Abreast { f, raw, first, starts, offsets, out } = self;
        let least = |x: &[isize]| x.iter().copied().min().unwrap_or(0);
        let most = |x: &[isize]| x.iter().copied().max().unwrap_or(0);
        assert!(first + least(starts) + least(offsets) >= 0, "a row begins in the memory");
        assert!(first + most(starts) + most(offsets) < raw.len() as isize, "a row ends in the memory");
        for (out, starts) in out.chunks_mut(ABREAST).zip(starts.chunks(ABREAST)) {
            let mut known = [f.empty(); ABREAST];
            let mut row = [0.0; ABREAST];
            for (place, offset) in (0..).zip(offsets) {
                for (to, start) in row.iter_mut().zip(starts) {
                    // SAFETY: between the least sum and the largest, both of which are in the memory. A check of each
                    // would keep the compiler from gathering a vector.
                    *to = unsafe { *raw.get_unchecked((first + start + offset) as usize) };
                }
                for (known, &x) in known.iter_mut().zip(&row) {
                    *known = f.next(*known, x, place);
                }
            }
            for (to, known) in out.iter_mut().zip(known) {
                *to = f.made(known);
            }
        }
    }
}
