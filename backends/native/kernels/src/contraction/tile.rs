//! The kernel: tiles of sums in registers, and their rounding while they are in the cache.

use std::ops::Range;

use crate::simd::{Kernel, Level, Simd, dispatch_at};
use crate::sums::total;

use super::pack::{Grids, HEAD, grid};
use super::{BLOCK_PANELS, BLOCK_ROWS, Geometry, PIECE, UNIT, relative_error_of};

const AVX512: Geometry = Geometry::of(Level::Avx512);
const AVX2: Geometry = Geometry::of(Level::Avx2);
const PORTABLE: Geometry = Geometry::of(Level::Portable);

/// Rows and columns of the largest tile.
const ROWS: usize = AVX512.rows;
pub const COLUMNS: usize = AVX512.columns();

/// Room for its sums.
const TILE: usize = ROWS * COLUMNS;

/// Terms after which what is asked for is read: some hundred cycles.
const AHEAD: usize = 16;

/// Numbers of binary64 in a line of the cache.
const LINE: usize = 8;

/// Terms for which a line or two of what comes later are asked for.
const GROUP: usize = 4;

/// Rows and columns whose grids are found in the time in which one open element is summed.
const GRIDS: usize = 16;

/// Open elements of a tile from which on its sums of magnitudes are worth finding.
const CROWD: usize = 8;

/// Some rows times some columns of packed operands.
pub struct Block<'a> {
    pub geometry: Geometry,
    pub left: &'a [f64],
    pub right: &'a [f64],
    pub depth: usize,
    /// Of the packed left operand; the first begins a panel.
    pub rows: Range<usize>,
    /// Of the packed right operand; the first begins a panel.
    pub columns: Range<usize>,
    /// Row-major, `pitch` apart; the first column is that of place `origin`.
    pub out: &'a mut [f32],
    pub pitch: usize,
    pub origin: usize,
}

impl Kernel for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        match S::LEVEL {
            Level::Avx512 => self.multiply::<S, { AVX512.rows }, { AVX512.vectors }>(s),
            Level::Avx2 => self.multiply::<S, { AVX2.rows }, { AVX2.vectors }>(s),
            Level::Portable => self.multiply::<S, { PORTABLE.rows }, { PORTABLE.vectors }>(s),
        }
    }
}

/// One tile: its panels, and where it lies in the block.
#[derive(Clone, Copy)]
struct Tile<'a> {
    left: &'a [f64],
    right: &'a [f64],
    depth: usize,
    /// Rows of the left panel.
    tall: usize,
    /// Columns of the right panel.
    wide: usize,
    /// The first row and column, in the block, and how many there are: a panel's others are zeros.
    row: usize,
    column: usize,
    rows: usize,
    columns: usize,
}

impl Tile<'_> {
    #[inline(always)]
    fn norm(&self, row: usize) -> f64 {
        self.left[row]
    }

    fn terms(&self) -> (&[f64], &[f64]) {
        (&self.left[self.tall..][..self.depth * self.tall], &self.right[HEAD * self.wide..][..self.depth * self.wide])
    }
}

impl Block<'_> {
    #[inline(always)]
    fn multiply<S: Simd, const R: usize, const V: usize>(mut self, s: S) {
        let wide = V * S::LANES;
        let (left_stride, right_stride) = (self.geometry.left(self.depth), self.geometry.right(self.depth));
        let pieces = self.depth.div_ceil(PIECE).max(1);
        let block_rows = self.rows.len().min(BLOCK_ROWS).next_multiple_of(R);
        let block_columns = BLOCK_PANELS * wide;
        let mut one = [0.0; TILE];
        let mut all = Vec::new();
        if pieces > 1 {
            all.resize(block_rows * block_columns.min(self.columns.len().next_multiple_of(wide)), 0.0);
        }
        let mut doubts = Doubts::default();
        let out = std::mem::take(&mut self.out);
        for first_column in self.columns.clone().step_by(block_columns) {
            let end_column = self.columns.end.min(first_column + block_columns);
            for first_row in self.rows.clone().step_by(BLOCK_ROWS) {
                let end_row = self.rows.end.min(first_row + BLOCK_ROWS);
                for piece in 0..pieces {
                    let terms = piece * PIECE..self.depth.min((piece + 1) * PIECE);
                    let next_terms = if piece + 1 < pieces { terms.end } else { 0 };
                    let groups = terms.len().div_ceil(GROUP);
                    let mut place = 0;
                    for row in (first_row..end_row).step_by(R) {
                        let left = &self.left[row / R * left_stride..];
                        let a = &left[R + terms.start * R..R + terms.end * R];
                        for column in (first_column..end_column).step_by(wide) {
                            let right = &self.right[column / wide * right_stride..];
                            let rows = R.min(end_row - row);
                            let columns = wide.min(end_column - column);
                            let sums = if pieces > 1 { &mut all[place..place + R * wide] } else { &mut one[..] };
                            place += R * wide;
                            let mut tile = Tile {
                                left,
                                right,
                                depth: self.depth,
                                tall: R,
                                wide: 0,
                                row: row - self.rows.start,
                                column: column - self.columns.start,
                                rows,
                                columns,
                            };
                            let mut later = Later {
                                left,
                                right,
                                places: [left_stride + R + terms.start * R, (HEAD + next_terms) * wide],
                                steps: [(GROUP * R).div_ceil(BLOCK_PANELS), (GROUP * wide * R).div_ceil(BLOCK_ROWS)],
                            };
                            later.places[0] += (column - first_column) / wide * groups * later.steps[0];
                            later.places[1] += (row - first_row) / R * groups * later.steps[1];
                            macro_rules! of_width {
                                ($v:expr) => {{
                                    tile.wide = $v * S::LANES;
                                    let start = (HEAD + terms.start) * tile.wide;
                                    let b = &right[start..start + terms.len() * tile.wide];
                                    add::<S, R, $v>(s, a, b, later, piece == 0, sums);
                                    if piece + 1 == pieces {
                                        let at = tile.row * self.pitch + self.origin + tile.column;
                                        let out = &mut out[at..];
                                        let open = decide::<S, R, $v>(s, &tile, sums, out, self.pitch);
                                        if open.iter().any(|&mask| mask != 0) {
                                            doubts.settle(S::LEVEL, &self, &tile, sums, &open, out);
                                        }
                                    }
                                }};
                            }
                            match columns.div_ceil(S::LANES) {
                                3 => of_width!(3),
                                2 => of_width!(2),
                                _ => of_width!(1),
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What the next tiles will read: the next left panel, and the next terms of the right panels. Each tile asks for a share
/// of it, as it comes from the third cache or from memory, and that takes longer than AHEAD.
#[derive(Clone, Copy)]
struct Later<'a> {
    left: &'a [f64],
    right: &'a [f64],
    /// Where the shares begin, on the left and on the right.
    places: [usize; 2],
    /// From what is asked for with a group of terms to what is with the next one.
    steps: [usize; 2],
}

/// The sums of one piece, put into `to` or added to it.
#[inline(always)]
fn add<S: Simd, const R: usize, const V: usize>(
    s: S,
    a: &[f64],
    b: &[f64],
    mut later: Later,
    first: bool,
    to: &mut [f64],
) {
    let wide = V * S::LANES;
    let mut sums = [[s.splat(0.0); V]; R];
    let (groups_of_a, groups_of_b) = (a.chunks_exact(GROUP * R), b.chunks_exact(GROUP * wide));
    let rest = groups_of_a.remainder().chunks_exact(R).zip(groups_of_b.remainder().chunks_exact(wide));
    for (a, b) in groups_of_a.zip(groups_of_b) {
        s.prefetch(later.left, later.places[0]);
        s.prefetch(later.right, later.places[1]);
        later.places[0] += later.steps[0];
        later.places[1] += later.steps[1];
        for i in 0..GROUP {
            add_products::<S, R, V>(s, &a[i * R..][..R], &b[i * wide..][..wide], &mut sums);
        }
    }
    for (a, b) in rest {
        add_products::<S, R, V>(s, a, b, &mut sums);
    }
    let to = &mut to[..R * wide];
    for r in 0..R {
        for v in 0..V {
            let to = &mut to[r * wide + v * S::LANES..][..S::LANES];
            let sum = if first { sums[r][v] } else { s.add(s.load(to), sums[r][v]) };
            s.store(sum, to);
        }
    }
}

/// Add the products of one number of each row and one of each column.
#[inline(always)]
fn add_products<S: Simd, const R: usize, const V: usize>(s: S, a: &[f64], b: &[f64], sums: &mut [[S::F64; V]; R]) {
    let mut y = [s.splat(0.0); V];
    for v in 0..V {
        y[v] = s.load(&b[v * S::LANES..]);
    }
    s.prefetch(a, AHEAD * R);
    for line in (0..V * S::LANES).step_by(LINE) {
        s.prefetch(b, AHEAD * V * S::LANES + line);
    }
    for r in 0..R {
        let x = s.splat(a[r]);
        for v in 0..V {
            sums[r][v] = s.fma(x, y[v], sums[r][v]);
        }
    }
}

/// Add the addends to the sums, round them, and say which are open: a mask of columns for each row.
#[inline(always)]
fn decide<S: Simd, const R: usize, const V: usize>(
    s: S,
    tile: &Tile,
    sums: &mut [f64],
    out: &mut [f32],
    pitch: usize,
) -> [u32; ROWS] {
    let wide = V * S::LANES;
    let mut open = [0; ROWS];
    let head = &tile.right[..HEAD * wide];
    let (norms, rest) = head.split_at(wide);
    let (addends, errors) = rest.split_at(wide);
    let there = u32::MAX >> (u32::BITS as usize - tile.columns);
    for r in 0..tile.rows {
        let norm = s.splat(tile.norm(r));
        let sums = &mut sums[r * wide..][..wide];
        let mut rounded = [0.0f32; COLUMNS];
        let whole = tile.columns == wide;
        let to: &mut [f32] = if whole { &mut out[r * pitch..][..wide] } else { &mut rounded[..wide] };
        let mut mask = 0;
        for v in 0..V {
            let at = v * S::LANES;
            let sum = s.add(s.load(&sums[at..]), s.load(&addends[at..]));
            s.store(sum, &mut sums[at..]);
            let error = s.fma(norm, s.load(&norms[at..]), s.load(&errors[at..]));
            let (low, high) = (s.narrow(s.sub(sum, error)), s.narrow(s.add(sum, error)));
            s.store_f32(low, &mut to[at..]);
            mask |= s.bitmask(s.not_mask(s.same_f32(low, high))) << at;
        }
        if !whole {
            out[r * pitch..][..tile.columns].copy_from_slice(&rounded[..tile.columns]);
        }
        open[r] = mask & there;
    }
    open
}

/// What a block knows about its open elements.
#[derive(Default)]
struct Doubts {
    /// Open elements so far.
    seen: usize,
    /// The grids of all rows and columns of the block, once there have been many open elements.
    rows: Vec<f64>,
    columns: Vec<f64>,
    terms: Vec<f64>,
}

impl Doubts {
    /// Decide the open elements of a tile.
    #[cold]
    #[inline(never)]
    fn settle(&mut self, level: Level, block: &Block, tile: &Tile, sums: &[f64], open: &[u32; ROWS], out: &mut [f32]) {
        self.seen += open.iter().map(|mask| mask.count_ones() as usize).sum::<usize>();
        if self.seen * GRIDS >= block.rows.len() + block.columns.len() && self.rows.is_empty() {
            self.find_grids(level, block, tile);
        }
        let mut left = *open;
        let factor = relative_error_of(tile.depth);
        let all_exact = self.all_exact(tile, factor);
        for (row, mask) in left.iter_mut().enumerate().take(tile.rows) {
            for column in bits(*mask) {
                let sum = sums[row * tile.wide + column];
                if all_exact || !sum.is_finite() || self.exact(tile, row, column, factor) {
                    out[row * block.pitch + column] = sum as f32;
                    *mask &= !(1 << column);
                }
            }
        }
        if left.iter().map(|mask| mask.count_ones() as usize).sum::<usize>() >= CROWD {
            by_magnitudes(level, tile, sums, factor, &mut left, out, block.pitch);
        }
        let (a, b) = tile.terms();
        for (row, mask) in left.iter().enumerate() {
            for column in bits(*mask) {
                self.terms.clear();
                let products = a.chunks_exact(tile.tall).zip(b.chunks_exact(tile.wide));
                self.terms.extend(products.map(|(a, b)| a[row] * b[column]));
                self.terms.push(tile.right[tile.wide + column]);
                out[row * block.pitch + column] = total(&self.terms);
            }
        }
    }

    /// Whether the sum is exact in binary64.
    fn exact(&self, tile: &Tile, row: usize, column: usize, factor: f64) -> bool {
        if self.rows.is_empty() {
            return false;
        }
        let addend = tile.right[tile.wide + column];
        let size = tile.norm(row) * tile.right[column] + tile.right[2 * tile.wide + column];
        let step = self.rows[tile.row + row] * self.columns[tile.column + column];
        is_exact(size, step.min(grid_of(addend)), factor)
    }

    /// Whether all sums of the tile are, by its largest norms and finest grids.
    fn all_exact(&self, tile: &Tile, factor: f64) -> bool {
        if self.rows.is_empty() {
            return false;
        }
        let largest = |norms: &[f64]| norms.iter().fold(0.0f64, |most, &norm| most.max(norm));
        let finest = |grids: &[f64]| grids.iter().fold(f64::INFINITY, |least, &grid| least.min(grid));
        let heads = |i: usize| &tile.right[i * tile.wide..][..tile.columns];
        let step = finest(&self.rows[tile.row..][..tile.rows]) * finest(&self.columns[tile.column..][..tile.columns]);
        let step = heads(1).iter().fold(step, |step, &addend| step.min(grid_of(addend)));
        let size = largest(&tile.left[..tile.rows]) * largest(heads(0)) + largest(heads(2));
        let finite =
            [&tile.left[..tile.rows], heads(0), heads(2)].iter().all(|norms| norms.iter().all(|x| x.is_finite()));
        finite && is_exact(size, step, factor)
    }

    fn find_grids(&mut self, level: Level, block: &Block, tile: &Tile) {
        let Block { geometry, depth, .. } = *block;
        let grids = |panel: &[f64], head: usize, grids: &mut [f64]| {
            let wide = grids.len();
            dispatch_at(level, Grids { data: &panel[head * wide..][..depth * wide], grids });
        };
        self.rows.resize(block.rows.len().next_multiple_of(tile.tall), 0.0);
        for (i, to) in self.rows.chunks_mut(tile.tall).enumerate() {
            grids(&block.left[(block.rows.start / tile.tall + i) * geometry.left(depth)..], 1, to);
        }
        self.columns.resize(block.columns.len().next_multiple_of(geometry.lanes), 0.0);
        for (i, to) in self.columns.chunks_mut(geometry.columns()).enumerate() {
            grids(&block.right[(block.columns.start / geometry.columns() + i) * geometry.right(depth)..], HEAD, to);
        }
    }
}

/// Whether a sum of multiples of `step` is exact; `size`, the sum of their magnitudes, has the factor of the error. The
/// thousandth is for roundings.
pub fn is_exact(size: f64, step: f64, factor: f64) -> bool {
    size < step * (factor * (0.999 / UNIT))
}

/// A power of two of which an addend is a multiple.
fn grid_of(addend: f64) -> f64 {
    if addend == 0.0 { f64::INFINITY } else { grid(addend.to_bits(), addend.abs()) }
}

/// The places of the bits that are set.
fn bits(mask: u32) -> impl Iterator<Item = usize> {
    let rest = std::iter::successors(Some(mask), |rest| Some(rest & rest.wrapping_sub(1)));
    rest.take_while(|&rest| rest != 0).map(|rest| rest.trailing_zeros() as usize)
}

/// Decide open elements by their sums of magnitudes, which may be far below the products of the norms: those of rows with
/// many zeros are.
fn by_magnitudes(
    level: Level,
    tile: &Tile,
    sums: &[f64],
    factor: f64,
    open: &mut [u32; ROWS],
    out: &mut [f32],
    pitch: usize,
) {
    let mut sizes = [0.0; TILE];
    let (a, b) = tile.terms();
    dispatch_at(level, Magnitudes { a, b, wide: tile.wide, to: &mut sizes });
    let factor = factor * (1.0 + 1e-9 + tile.depth as f64 * UNIT);
    for (row, mask) in open.iter_mut().enumerate() {
        for column in bits(*mask) {
            let place = row * tile.wide + column;
            let error = sizes[place] * factor + tile.right[2 * tile.wide + column];
            let (low, high) = ((sums[place] - error) as f32, (sums[place] + error) as f32);
            if low.to_bits() == high.to_bits() {
                out[row * pitch + column] = low;
                *mask &= !(1 << column);
            }
        }
    }
}

/// The sums of magnitudes of a tile.
struct Magnitudes<'a> {
    a: &'a [f64],
    b: &'a [f64],
    wide: usize,
    to: &'a mut [f64; TILE],
}

impl Kernel for Magnitudes<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Geometry { rows: tall, lanes, .. } = Geometry::of(S::LEVEL);
        for first in (0..self.wide).step_by(lanes) {
            let mut sums = [s.splat(0.0); ROWS];
            for (a, b) in self.a.chunks_exact(tall).zip(self.b.chunks_exact(self.wide)) {
                let y = s.abs(s.load(&b[first..]));
                for (sum, x) in sums.iter_mut().zip(a) {
                    *sum = s.fma(s.splat(x.abs()), y, *sum);
                }
            }
            for (r, &sum) in sums.iter().enumerate().take(tall) {
                s.store(sum, &mut self.to[r * self.wide + first..]);
            }
        }
    }
}
