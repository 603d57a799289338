//! Whole compositions in one pass over memory (contract N5): the same binary32 operations, each rounded once, element by
//! element, and so the same bits.

use crate::array::{Array, DType};
use crate::environment;
use crate::error::{Error, Result};
use crate::memory::{Memory, reserved};
use crate::simd::{Kernel, Simd, dispatch};
use crate::threads;

/// Elements that one thread takes at a time.
const PART: usize = 1 << 15;

/// Elements that are computed together, in the registers and the first-level cache.
const BLOCK: usize = 64;

/// `R` results, element by element, of `N` operands of one shape.
pub trait Formula<const N: usize, const R: usize>: Copy + Send + Sync {
    /// The results at one element. Mark it `#[inline(always)]`.
    fn at(self, x: [f32; N]) -> [f32; R];
}

/// The formula at every element.
pub fn apply<const N: usize, const R: usize>(formula: impl Formula<N, R>, operands: [&Array; N]) -> Result<[Array; R]> {
    let shape = operands[0].shape();
    if operands.iter().any(|x| x.shape() != shape) {
        return Err(Error::Operands("operands are of one shape".into()));
    }
    let operands: Vec<Array> = operands.iter().map(|x| x.of::<f32>()?.contiguous()).collect::<Result<_>>()?;
    let from: [&[f32]; N] = std::array::from_fn(|k| operands[k].as_slice().expect("made contiguous"));
    let size = operands[0].size();
    let mut memories: Vec<Memory> = (0..R).map(|_| Memory::new::<f32>(size)).collect::<Result<_>>()?;
    let mut rests: Vec<&mut [f32]> = memories.iter_mut().map(Memory::slice_mut).collect();
    let part = if size < 2 * PART { size.max(1) } else { PART };
    let mut parts: Vec<[&mut [f32]; R]> = reserved(size.div_ceil(part))?;
    for start in (0..size).step_by(part) {
        parts.push(std::array::from_fn(|k| {
            let (piece, rest) = std::mem::take(&mut rests[k]).split_at_mut(part.min(size - start));
            rests[k] = rest;
            piece
        }));
    }
    threads::for_each_chunk(&mut parts, 1, |i, outs| {
        for out in outs {
            environment::with_default(|| dispatch(Part { formula, start: i * part, from, out }));
        }
    });
    let mut memories = memories.into_iter();
    Ok(std::array::from_fn(|_| Array::around(memories.next().expect("R of them"), DType::F32, shape)))
}

struct Part<'a, 'b, const N: usize, const R: usize, F> {
    formula: F,
    start: usize,
    from: [&'a [f32]; N],
    out: &'a mut [&'b mut [f32]; R],
}

impl<const N: usize, const R: usize, F: Formula<N, R>> Part<'_, '_, N, R, F> {
    /// The `n` elements from `at` on; a block of them, if it is `FULL`.
    #[inline(always)]
    fn block<const FULL: bool>(&mut self, at: usize, n: usize) {
        let n = if FULL { BLOCK } else { n }; // a constant, for copies without calls
        // Copies in arrays of their own: the compiler sees that none overlaps another, and uses vectors.
        let (mut x, mut y) = ([[0.0; BLOCK]; N], [[0.0; BLOCK]; R]);
        for (x, from) in x.iter_mut().zip(&self.from) {
            x[..n].copy_from_slice(&from[self.start + at..][..n]);
        }
        for i in 0..BLOCK {
            let found = self.formula.at(std::array::from_fn(|k| x[k][i]));
            for k in 0..R {
                y[k][i] = found[k];
            }
        }
        for (out, y) in self.out.iter_mut().zip(&y) {
            out[at..at + n].copy_from_slice(&y[..n]);
        }
    }
}

impl<const N: usize, const R: usize, F: Formula<N, R>> Kernel for Part<'_, '_, N, R, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, _: S) {
        let length = self.out[0].len();
        let whole = length / BLOCK * BLOCK;
        for at in (0..whole).step_by(BLOCK) {
            self.block::<true>(at, BLOCK);
        }
        if whole < length {
            self.block::<false>(whole, length - whole);
        }
    }
}
