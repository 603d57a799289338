//! Many products with few left operands: those of a convolution, one for each sample and group.

use crate::error::Result;
use crate::memory::Memory;
use crate::simd::{Level, dispatch_at};
use crate::threads;

use super::deep::deep_product;
use super::pack::Operand;
use super::tile::Block;
use super::windows::Windows;
use super::{BLOCK_PANELS, Geometry, KEPT, LEFT, SHARED, pack_left, pack_right, product, with_workspace};

/// Numbers of right panels that stay in the first cache, or nearly, while all left panels pass by.
const NEAR: usize = 1 << 12;

/// Terms from which on few sums are a case of their own.
const DEEP: usize = 1 << 11;

/// RN of the sums of products of each left operand, one for each group, and its right operand, which has `n` columns for
/// each of some samples: in row-major order by sample, group, row, and column of the sample.
pub fn batch_product(lefts: &[Windows], rights: &[Windows], n: usize, out: &mut [f32]) -> Result<()> {
    let groups = lefts.len();
    if out.is_empty() {
        return Ok(());
    }
    let (m, depth, all) = (lefts[0].count(), lefts[0].depth(), rights[0].count());
    let (of_sample, samples) = (groups * m * n, all / n);
    assert!(rights.len() == groups && out.len() == samples * of_sample, "operands and result fit each other");
    if depth >= DEEP && m.saturating_mul(all) <= depth.saturating_mul(8) {
        let mut sums = Memory::new::<f32>(m * all)?;
        for group in 0..groups {
            deep_product(lefts[group], rights[group], sums.slice_mut())?;
            put(sums.slice(), all, 0, n, &mut out[group * m * n..], of_sample);
        }
        return Ok(());
    }
    let shared = out.len().saturating_mul(depth) >= SHARED && threads::count() > 1;
    let geometry = Geometry::of(Level::current());
    let (left, right) = (m.div_ceil(geometry.rows) * geometry.left(depth), geometry.right(depth));
    // Small samples together, which would leave much of their last panels empty.
    let together = (2 * BLOCK_PANELS * geometry.columns() / n).max(1);
    let together = if shared { together.min(samples.div_ceil(threads::count())) } else { together };
    if groups.saturating_mul(left) > LEFT || shared && samples.div_ceil(together) < threads::count() {
        for (i, out) in out.chunks_exact_mut(m * n).enumerate() {
            let (sample, group) = (i / groups, i % groups);
            product(lefts[group], rights[group].part(sample * n..(sample + 1) * n), None, out)?;
        }
        return Ok(());
    }
    let panels = if left <= KEPT { (NEAR / right).clamp(1, BLOCK_PANELS) } else { BLOCK_PANELS };
    let width = panels * geometry.columns();
    with_workspace(groups * left, |memory| {
        for (operand, panels) in lefts.iter().zip(memory.chunks_exact_mut(left)) {
            pack_left(geometry, *operand, 0, panels, shared);
        }
        let memory = &*memory;
        threads::try_for_each_chunk(out, together * of_sample, shared, |start, out| {
            let samples = out.len() / of_sample;
            let first = start / of_sample * n;
            let last = first + samples * n;
            let mut rounded = vec![0.0; if samples > 1 { m * width } else { 0 }];
            with_workspace(panels * right, |panels| {
                for ((group, left), operand) in memory.chunks_exact(left).enumerate().zip(rights) {
                    let out = &mut out[group * m * n..];
                    let operand = Windows { count: last, ..*operand };
                    for column in (first..last).step_by(width) {
                        let columns = width.min(last - column);
                        let panels = &mut panels[..columns.div_ceil(geometry.columns()) * right];
                        pack_right(geometry, operand, None, column, panels, false);
                        let multiply = |out: &mut [f32], pitch: usize, origin: usize| {
                            let (rows, columns, right) = (0..m, 0..columns, &*panels);
                            let block = Block { geometry, left, right, depth, rows, columns, out, pitch, origin };
                            dispatch_at(geometry.level, block);
                        };
                        if samples == 1 {
                            multiply(&mut out[..m * n], n, column - first);
                        } else {
                            multiply(&mut rounded, columns, 0);
                            put(&rounded[..m * columns], columns, column - first, n, out, of_sample);
                        }
                    }
                }
            })
        })
    })?
}

/// Put `columns` columns of all samples, from `first` on, to where those of each sample belong: rows of `n`, and from a
/// sample to the next one `apart`.
fn put(from: &[f32], columns: usize, first: usize, n: usize, out: &mut [f32], apart: usize) {
    for (row, mut from) in from.chunks_exact(columns).enumerate() {
        let mut column = first;
        while !from.is_empty() {
            let (some, rest) = from.split_at(from.len().min(n - column % n));
            out[column / n * apart + row * n + column % n..][..some.len()].copy_from_slice(some);
            column += some.len();
            from = rest;
        }
    }
}
