//! Elements to another place, as fast as memory is: strided views laid side by side. No bit changes.

use smallvec::SmallVec;

use crate::array::{Array, ArrayElement};
use crate::threads;
use crate::walk::Walk;

/// Elements that one thread takes at a time.
pub const PART: usize = 1 << 16;

/// The edge of the squares that a transposition goes by: 16 rows of 64 bytes, a line of the cache each.
const SQUARE: usize = 16;

/// Rows below this are not worth a walk from one to the next.
const SHORT: usize = 16;

/// Elements of which it is known together how far apart they lie.
const BLOCK: usize = 128;

/// How many of `length` elements make a part.
fn part(length: usize) -> usize {
    if length < 2 * PART { length } else { PART }
}

/// The axes of a view, the last first, joined where the elements of two follow one another as one axis'.
pub type Axes = SmallVec<[(usize, isize); 6]>;

/// The axes of such a view.
pub fn joined(shape: &[usize], strides: &[isize]) -> Axes {
    let mut axes = Axes::new();
    for (&n, &stride) in shape.iter().zip(strides).rev() {
        match axes.last_mut() {
            _ if n == 1 => {}
            Some((length, inner)) if stride == *inner * *length as isize => *length *= n,
            _ => axes.push((n, stride)),
        }
    }
    axes
}

/// The elements of `x` in row-major order, into `out`, which is as long.
pub fn copy_to<T: ArrayElement>(x: &Array, out: &mut [T]) {
    if out.is_empty() {
        return;
    }
    let raw = x.raw::<T>();
    let axes = joined(x.shape(), x.strides());
    // The axis along which the elements lie side by side in memory, if it is not the last one anyway: the elements of
    // that axis and the last one are a matrix to be transposed.
    let side = axes.iter().position(|&(_, stride)| stride == 1);
    match side {
        Some(side) if side > 0 && axes[0].1 != 0 => transposed(raw, x.offset(), &axes, side, out),
        _ if axes.len() > 1 && axes[0].0 < SHORT => in_blocks(raw, x.offset(), &axes, out),
        _ => {
            let walk = Walk::new(x.shape(), [x]);
            threads::for_each_chunk(out, part(out.len()), |start, out| {
                for (places, [at]) in walk.rows(start, out.len()) {
                    line(raw, at, walk.step[0], &mut out[places]);
                }
            });
        }
    }
}

/// Where, in `raw` from `first` on, the element is at which place `index` of these axes (the last axis first) arrives.
pub fn position(first: usize, axes: &[(usize, isize)], mut index: usize) -> usize {
    let mut at = first as isize;
    for &(n, stride) in axes {
        at += (index % n) as isize * stride;
        index /= n;
    }
    at as usize
}

/// Where the last axis is short, the last few together: their elements are everywhere equally far from the first of them.
fn in_blocks<T: ArrayElement>(raw: &[T], first: usize, axes: &[(usize, isize)], out: &mut [T]) {
    let mut offsets: SmallVec<[isize; BLOCK]> = SmallVec::from_elem(0, 1);
    let mut inner = 0;
    for &(n, stride) in axes {
        if offsets.len() * n > BLOCK {
            break;
        }
        let found = offsets.len();
        for i in 1..n as isize {
            for k in 0..found {
                offsets.push(offsets[k] + i * stride);
            }
        }
        inner += 1;
    }
    let outer = &axes[inner..];
    let block = offsets.len();
    let (least, most) = (*offsets.iter().min().expect("there is one"), *offsets.iter().max().expect("there is one"));
    threads::for_each_chunk(out, (part(out.len()) / block).max(1) * block, |start, out| {
        for (i, out) in out.chunks_exact_mut(block).enumerate() {
            let first = position(first, outer, start / block + i) as isize;
            assert!(first + least >= 0 && first + most < raw.len() as isize, "a view stays in its memory");
            for (to, offset) in out.iter_mut().zip(&offsets) {
                // SAFETY: between the least place and the largest, both of which are in the memory. A check of each would
                // keep the compiler from gathering a vector.
                *to = unsafe { *raw.get_unchecked((first + offset) as usize) };
            }
        }
    });
}

/// One row.
#[inline]
fn line<T: ArrayElement>(raw: &[T], at: usize, stride: isize, out: &mut [T]) {
    let reach = (out.len() - 1) * stride.unsigned_abs();
    match stride {
        1 => out.copy_from_slice(&raw[at..=at + reach]),
        0 => out.fill(raw[at]),
        2.. => {
            let from = raw[at..=at + reach].iter().step_by(stride as usize);
            out.iter_mut().zip(from).for_each(|(to, &x)| *to = x);
        }
        -1 => out.iter_mut().zip(raw[at - reach..=at].iter().rev()).for_each(|(to, &x)| *to = x),
        _ => {
            let from = raw[at - reach..=at].iter().rev().step_by(stride.unsigned_abs());
            out.iter_mut().zip(from).for_each(|(to, &x)| *to = x);
        }
    }
}

/// Squares of the matrix that the last axis and axis `side` are: read along the one, written along the other.
fn transposed<T: ArrayElement>(raw: &[T], first: usize, axes: &[(usize, isize)], side: usize, out: &mut [T]) {
    let (columns, stride) = axes[0];
    let (rows, between) = (axes[side].0, &axes[1..side]);
    let apart: usize = columns * between.iter().map(|axis| axis.0).product::<usize>(); // of rows, in `out`
    let block = rows * apart;
    let band = |first: usize, out: &mut [T]| {
        for inner in 0..apart / columns {
            matrix(raw, position(first, between, inner), stride, &mut out[inner * columns..], apart, columns);
        }
    };
    let outer = &axes[side + 1..];
    if block < PART {
        let blocks = part(out.len()).div_ceil(block);
        threads::for_each_chunk(out, blocks * block, |start, out| {
            for (i, out) in out.chunks_mut(block).enumerate() {
                band(position(first, outer, start / block + i), out);
            }
        });
    } else {
        let high = PART.div_ceil(apart).next_multiple_of(SQUARE);
        for (i, out) in out.chunks_mut(block).enumerate() {
            let first = position(first, outer, i);
            threads::for_each_chunk(out, high * apart, |start, out| band(first + start / apart, out));
        }
    }
}

/// `out[i * apart + j] = raw[first + i + j * stride]`, for j below `columns` and as many i as `out` has rows.
fn matrix<T: ArrayElement>(raw: &[T], first: usize, stride: isize, out: &mut [T], apart: usize, columns: usize) {
    let mut square = [[T::default(); SQUARE]; SQUARE];
    for (i, out) in out.chunks_mut(SQUARE * apart).enumerate() {
        let high = out.len().div_ceil(apart);
        for j in (0..columns).step_by(SQUARE) {
            let wide = SQUARE.min(columns - j);
            let first = first as isize + (i * SQUARE) as isize;
            for (k, row) in square.iter_mut().enumerate().take(wide) {
                let at = (first + (j + k) as isize * stride) as usize;
                row[..high].copy_from_slice(&raw[at..at + high]);
            }
            for (k, out) in out.chunks_mut(apart).enumerate() {
                let out = &mut out[j..j + wide];
                for (to, row) in out.iter_mut().zip(&square) {
                    *to = row[k];
                }
            }
        }
    }
}
