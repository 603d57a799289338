//! Products of matrices, each element the binary32 number nearest to its exact sum of products (contract N3.1).
//!
//! The product of two binary32 numbers is exact in binary64, with FMA or without. So a sum of k of them in which each
//! term passes through h additions is off by at most `h u / (1 - h u) * sum |a_i b_i|`, u = 2^-53 (Higham, Accuracy and
//! Stability of Numerical Algorithms, 4.2), and by Cauchy and Schwarz `sum |a_i b_i| <= |a| |b|`, which costs a norm for
//! each row and column. Where both ends of that interval round to the same binary32, that is the answer; `tile`
//! decides so while the sums are in the cache.
//!
//! What is left open is settled there and then, from the packed operands: (1) the sum is exact if every product is a
//! multiple of some g and `sum |a_i b_i| < 2^53 g`, since then all partial sums are multiples of g that binary64 has;
//! (2) the sums of magnitudes themselves, where many are open; (3) TwoSum, and at last
//! fixed point: [`crate::sums::total`].
//!
//! Infinities and NaN (N3.2): finite terms do not overflow, as even their squares are below 2^256. So a sum that is not
//! finite has a term that is not, and is what N3.2 says: NaN terms and `0 * inf` are NaN, and so is the sum of both
//! infinities, as every partial sum that has met an infinity stays so. Then a norm is infinite or NaN. If the bound is
//! infinite, the ends differ or one is NaN: open, and the sum is taken as it is. If it is NaN, a vector has a NaN or
//! infinity has met a vector of zeros: the sum is NaN, as both ends are. No sum is -0, as it begins with +0.
//!
//! The operands are packed into panels (`pack`), which the kernel (`tile`) multiplies by tiles that fit into the
//! registers. Blocks are as large as leaves their sums and what is read again in the second cache. Products with a vector
//! take another way (`vector`), that of memory; and so do few sums of very many terms (`deep`). A convolution is a batch of
//! products (`batch`) of operands that lie on several axes (`windows`).

mod batch;
mod deep;
mod pack;
mod tile;
mod vector;
mod windows;

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::ops::Range;

use crate::double::UNIT;
use crate::error::Result;
use crate::memory::Memory;
use crate::simd::{Level, dispatch_at};
use crate::threads;

pub use batch::batch_product;
pub use pack::{Addend, Operand, Vectors};
use pack::{HEAD, Pack};
use tile::Block;
pub use windows::{Last, Terms, Windows};

/// Terms that are summed one after the other. Pieces joined afterwards have a smaller error than one long sum, and a piece
/// of a left panel stays in the first cache.
const PIECE: usize = 256;

/// Rows of a block: so many use what has come of a right panel.
const BLOCK_ROWS: usize = 96;

/// Right panels of a block: so many use what has come of a left panel.
const BLOCK_PANELS: usize = 8;

/// Left panels of more numbers than this are not made at once.
const LEFT: usize = 1 << 23;

/// Right panels of about so many numbers are made at once: all threads read them many times, from the third cache.
const RIGHT: usize = 3 << 18;

/// Multiplications from which on a product is shared out.
const SHARED: usize = 1 << 23;

/// Rows that are worth the way through the right panels: the least that a thread is given.
const FEW_ROWS: usize = 24;

/// Numbers of binary64 that a thread keeps between products.
const KEPT: usize = 1 << 16;

/// The size of tiles and of panels at a level: a tile's sums, a row of its right panel and a number of its left one fit
/// into the registers.
#[derive(Clone, Copy, Debug)]
struct Geometry {
    level: Level,
    /// Rows of a tile, vectors of a left panel.
    rows: usize,
    /// Lanes of a vector.
    lanes: usize,
    /// Vectors of lanes in a tile's row; that many times `lanes` are the columns of a right panel.
    vectors: usize,
}

impl Geometry {
    const fn of(level: Level) -> Geometry {
        let (rows, lanes, vectors) = match level {
            Level::Avx512 => (8, 8, 3),
            Level::Avx2 => (4, 4, 2),
            Level::Portable => (4, 4, 1),
        };
        Geometry { level, rows, lanes, vectors }
    }

    const fn columns(&self) -> usize {
        self.vectors * self.lanes
    }

    /// From a left panel to the next one.
    fn left(&self, depth: usize) -> usize {
        spread(self.rows, depth, depth + 1)
    }

    /// From a right panel to the next one.
    fn right(&self, depth: usize) -> usize {
        spread(self.columns(), depth, depth + HEAD)
    }

    /// Columns whose panels are made at once; whole blocks where they are not enormous, as the rest of one makes little use
    /// of the left panels.
    fn columns_at_once(&self, depth: usize) -> usize {
        let panels = (RIGHT / self.right(depth)).max(1);
        let whole = panels.next_multiple_of(BLOCK_PANELS);
        self.columns() * if whole.saturating_mul(self.right(depth)) <= LEFT { whole } else { panels }
    }
}

/// Bytes of the second cache that share no set, in numbers of binary64: a power of two.
const WAY: usize = 8192;

/// The distance of panels of so many rows. Where they have many pieces, those of neighbours are to lie side by side in the
/// cache: at a distance near a multiple of WAY they would compete for the same sets.
fn spread(width: usize, depth: usize, rows: usize) -> usize {
    let length = width * rows;
    if depth > 2 * PIECE { length + (width * PIECE).wrapping_sub(length) % WAY } else { length }
}

/// A bound of a sum's error relative to its sum of magnitudes, where each term passes through so many additions.
///
/// Six more are for the addend and the roundings of the interval's ends, which take two; the last factor is for the
/// roundings of the bound itself.
fn relative_error(additions: usize) -> f64 {
    let error = (additions as f64 + 6.0) * UNIT;
    error / (1.0 - error) * (1.0 + 1e-9)
}

/// [`product`] of vectors in memory; one with a single vector on either side takes the way of `vector`.
pub fn strided_product(a: Vectors, b: Vectors, addend: Option<Addend>, out: &mut [f32]) -> Result<()> {
    let lies = |x: &Vectors| x.along == 1 || x.across == 1 || x.count == 1;
    if a.count == 1 && lies(&b) {
        return vector::vector_product(a, b, addend, out);
    }
    if b.count == 1 && lies(&a) {
        let addend = addend.map(|addend| Addend { stride: 0, ..addend });
        return vector::vector_product(b, a, addend, out);
    }
    product(a, b, addend, out)
}

/// RN of every `addend_j + sum_p a_ip b_jp`, in row-major order, for rows a of the left operand and columns b of the right
/// one.
pub fn product<A: Operand, B: Operand>(a: A, b: B, addend: Option<Addend>, out: &mut [f32]) -> Result<()> {
    let (m, n, depth) = (a.count(), b.count(), a.depth());
    assert!(depth == b.depth() && out.len() == m * n, "operands and result fit each other");
    if out.is_empty() {
        return Ok(());
    }
    let geometry = Geometry::of(Level::current());
    let shared = m.saturating_mul(n).saturating_mul(depth) >= SHARED && threads::count() > 1;
    let rows = (LEFT / geometry.left(depth)).max(1) * geometry.rows;
    let columns = geometry.columns_at_once(depth);
    for first in (0..m).step_by(rows) {
        let rows = first..m.min(first + rows);
        let out = &mut out[rows.start * n..rows.end * n];
        let left = rows.len().div_ceil(geometry.rows) * geometry.left(depth);
        let right = n.min(columns).div_ceil(geometry.columns()) * geometry.right(depth);
        with_workspace(left + right, |memory| {
            let (left, right) = memory.split_at_mut(left);
            pack_left(geometry, a, rows.start, left, shared);
            (0..n).step_by(columns).try_for_each(|first| {
                let columns = first..n.min(first + columns);
                let right = &mut right[..columns.len().div_ceil(geometry.columns()) * geometry.right(depth)];
                pack_right(geometry, b, addend, columns.start, right, shared);
                let part = Part { geometry, depth, n, rows: rows.len(), columns, shared };
                part.multiply(left, right, out)
            })
        })??;
    }
    Ok(())
}

/// The bound of the relative error of a sum of so many products.
fn relative_error_of(depth: usize) -> f64 {
    relative_error(depth.min(PIECE) + depth.div_ceil(PIECE))
}

fn pack_left<O: Operand>(geometry: Geometry, operand: O, first: usize, panels: &mut [f64], shared: bool) {
    let Geometry { level, rows, lanes, .. } = geometry;
    let stride = geometry.left(operand.depth());
    let error = relative_error_of(operand.depth());
    share(panels, stride, shared, |start, panels| {
        let (first, vectors) = (first + start / stride * rows, rows / lanes);
        dispatch_at(
            level,
            Pack { operand, first, panels, stride, vectors, head: 1, addend: None, scale: error, error },
        );
    });
}

fn pack_right<O: Operand>(
    geometry: Geometry,
    operand: O,
    addend: Option<Addend>,
    first: usize,
    panels: &mut [f64],
    shared: bool,
) {
    let Geometry { level, vectors, .. } = geometry;
    let stride = geometry.right(operand.depth());
    let error = relative_error_of(operand.depth());
    share(panels, stride, shared, |start, panels| {
        let first = first + start / stride * geometry.columns();
        dispatch_at(level, Pack { operand, first, panels, stride, vectors, head: HEAD, addend, scale: 1.0, error });
    });
}

/// Panels a few at a time on all threads, or all at once.
fn share(panels: &mut [f64], stride: usize, shared: bool, work: impl Fn(usize, &mut [f64]) + Sync) {
    if shared {
        let few = panels.len().div_ceil(stride).div_ceil(4 * threads::count());
        threads::for_each_chunk(panels, few * stride, work);
    } else {
        work(0, panels);
    }
}

/// The part of a product whose right operand is packed at once.
struct Part {
    geometry: Geometry,
    depth: usize,
    /// Columns of the whole result.
    n: usize,
    rows: usize,
    columns: Range<usize>,
    shared: bool,
}

impl Part {
    /// On one thread; or by rows on all threads; or, where there are few rows, by columns into memory that is put into
    /// order afterwards.
    fn multiply(&self, left: &[f64], right: &[f64], out: &mut [f32]) -> Result<()> {
        let Part { geometry, depth, .. } = *self;
        let block = |rows: Range<usize>, columns: Range<usize>, out: &mut [f32], pitch: usize, origin: usize| {
            dispatch_at(geometry.level, Block { geometry, left, right, depth, rows, columns, out, pitch, origin });
        };
        let (m, n) = (self.rows, self.columns.len());
        if !self.shared {
            block(0..m, 0..n, out, self.n, self.columns.start);
            return Ok(());
        }
        let parts = 4 * threads::count();
        let by_columns = n.div_ceil(parts).next_multiple_of(geometry.columns());
        if m.div_ceil(m.div_ceil(parts).next_multiple_of(geometry.rows)) >= n.div_ceil(by_columns).min(parts / 2) {
            // First many rows, which make the most of the right panels, and last few: nobody waits long for the others.
            let some = |left: usize| left.div_ceil(parts).clamp(FEW_ROWS, BLOCK_ROWS).next_multiple_of(geometry.rows);
            threads::for_each_part(
                out,
                |left| some(left / self.n) * self.n,
                |start, out| {
                    let (first, count) = (start / self.n, out.len() / self.n);
                    block(first..first + count, 0..n, out, self.n, self.columns.start);
                },
            );
            return Ok(());
        }
        let mut memory = Memory::new::<f32>(n.next_multiple_of(by_columns) * m)?;
        threads::for_each_chunk(memory.slice_mut(), by_columns * m, |start, out| {
            let first = start / m;
            block(0..m, first..n.min(first + by_columns), out, by_columns, 0);
        });
        for (i, from) in memory.slice::<f32>().chunks_exact(by_columns * m).enumerate() {
            let columns =
                self.columns.start + i * by_columns..self.columns.end.min(self.columns.start + (i + 1) * by_columns);
            for (to, from) in out.chunks_exact_mut(self.n).zip(from.chunks_exact(by_columns)) {
                let to = &mut to[columns.clone()];
                to.copy_from_slice(&from[..to.len()]);
            }
        }
        Ok(())
    }
}

thread_local! {
    /// Memory that a thread keeps from one product to the next, if it is little: more comes from the pool.
    static WORKSPACE: Cell<Option<Memory>> = const { Cell::new(None) };
}

/// Run `work` with so many numbers of any value.
fn with_workspace<T>(length: usize, work: impl FnOnce(&mut [f64]) -> T) -> Result<T> {
    let kept = if length <= KEPT { WORKSPACE.take() } else { None };
    let mut memory = match kept {
        Some(memory) => memory,
        None => Memory::new::<f64>(if length <= KEPT { KEPT } else { length })?,
    };
    let result = work(&mut memory.slice_mut()[..length]);
    if length <= KEPT {
        WORKSPACE.set(Some(memory));
    }
    Ok(result)
}
