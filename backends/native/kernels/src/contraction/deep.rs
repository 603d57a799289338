//! Few sums of many terms, as the gradient of a convolution's kernels has them.
//!
//! Panels would cost more than the products: a number is packed for a few columns' use. Here the numbers of a vector stay
//! side by side, as they lie in memory, and each lane of a vector register sums some terms of its own; the lanes are
//! added at the end. Threads share the terms. Bounds and decisions are as in the parent module, but that the grid of a
//! vector is only found once one of its elements is open.

use std::ops::Range;

use crate::error::Result;
use crate::memory::Memory;
use crate::simd::{Kernel, Level, MOST_LANES, Simd, dispatch_at};
use crate::sums::total;
use crate::threads;

use super::pack::{Grids, Operand};
use super::tile::is_exact;
use super::windows::Windows;
use super::{Geometry, SHARED, UNIT, relative_error, with_workspace};

/// Terms that are made binary64 at a time: those of the vectors of a block are in the second cache.
const CHUNK: usize = 256;

/// Rows and columns of a block.
const ROWS: usize = 32;
const COLUMNS: usize = 144;

/// Terms of a block that are summed at a time: a longer sum has a larger error.
const PART: usize = 1 << 13;

/// Rows of vectors that stay in the first cache.
const NEAR: usize = 16;

/// Vectors of lanes after which what is asked for is read: some hundred cycles.
const AHEAD: usize = 8;

/// RN of every `sum_p a_ip b_jp`, in row-major order.
pub fn deep_product(a: Windows, b: Windows, out: &mut [f32]) -> Result<()> {
    let (m, n, depth, level) = (a.count(), b.count(), a.depth(), Level::current());
    assert!(depth == b.depth() && out.len() == m * n, "operands and result fit each other");
    if out.is_empty() {
        return Ok(());
    }
    let shared = m.saturating_mul(n).saturating_mul(depth) >= SHARED && threads::count() > 1;
    let blocks = [m.div_ceil(ROWS), n.div_ceil(COLUMNS)];
    let enough = if shared { (2 * threads::count()).div_ceil(blocks[0] * blocks[1]) } else { 1 };
    let part = depth.div_ceil(enough).clamp(CHUNK, PART).next_multiple_of(CHUNK);
    let parts = depth.div_ceil(part);
    let layout = Layout { rows: m.min(ROWS), columns: n.min(COLUMNS) };
    let mut memory = Memory::new::<f64>(blocks[0] * blocks[1] * parts * layout.length())?;
    let place = |i: usize| (i / parts / blocks[1], i / parts % blocks[1], i % parts);
    let of_block = |(i, j)| (i * ROWS..m.min((i + 1) * ROWS), j * COLUMNS..n.min((j + 1) * COLUMNS));
    let sum = |start: usize, sums: &mut [f64]| {
        let (i, j, p) = place(start / layout.length());
        let (rows, columns) = of_block((i, j));
        let terms = p * part..depth.min((p + 1) * part);
        dispatch_at(level, Sums { a, b, rows, columns, terms, layout, sums })
    };
    threads::try_for_each_chunk(memory.slice_mut(), layout.length(), shared, sum)?;
    let sums = memory.slice::<f64>();
    let decide = |start: usize, out: &mut [f32]| {
        let i = start / (ROWS * n);
        for j in 0..blocks[1] {
            let (rows, columns) = of_block((i, j));
            let first = (i * blocks[1] + j) * parts * layout.length();
            let sums = &sums[first..first + parts * layout.length()];
            let additions = part.div_ceil(Geometry::of(level).lanes) + MOST_LANES + parts;
            Decision { level, a, b, rows, columns, layout, sums, additions }.round(out, n);
        }
        Ok(())
    };
    threads::try_for_each_chunk(out, ROWS * n, shared, decide)
}

/// What is found of a block: the sums, row by row, and the squares of its rows and of its columns.
#[derive(Clone, Copy)]
struct Layout {
    rows: usize,
    columns: usize,
}

impl Layout {
    fn length(&self) -> usize {
        self.rows * self.columns + self.rows + self.columns
    }

    /// The sums, the squares of rows, the squares of columns.
    fn split<'a>(&self, sums: &'a mut [f64]) -> [&'a mut [f64]; 3] {
        let (sums, squares) = sums.split_at_mut(self.rows * self.columns);
        let (of_rows, of_columns) = squares.split_at_mut(self.rows);
        [sums, of_rows, of_columns]
    }
}

/// The sums of some terms of a block.
struct Sums<'a> {
    a: Windows<'a>,
    b: Windows<'a>,
    rows: Range<usize>,
    columns: Range<usize>,
    terms: Range<usize>,
    layout: Layout,
    sums: &'a mut [f64],
}

impl Kernel for Sums<'_> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Result<()> {
        match S::LEVEL {
            Level::Avx512 => self.sum::<S, 4, 6>(s),
            Level::Avx2 => self.sum::<S, 3, 4>(s),
            Level::Portable => self.sum::<S, 2, 2>(s),
        }
    }
}

/// Vectors that are made binary64, some at a time: LANES terms of each in turn, then the next ones. And the sums of their
/// squares, lane by lane.
struct Laid<'a> {
    numbers: &'a mut [f64],
    squares: &'a mut [f64],
}

impl Laid<'_> {
    /// What so many vectors take.
    fn length(count: usize) -> usize {
        count * (CHUNK + MOST_LANES)
    }

    /// In memory of any values; vectors that are none are zeros.
    fn new(memory: &mut [f64]) -> Laid<'_> {
        memory.fill(0.0);
        let count = memory.len() / Laid::length(1);
        let (numbers, squares) = memory.split_at_mut(count * CHUNK);
        Laid { numbers, squares }
    }

    /// Some terms of vectors that go T at a time, with zeros up to a whole number of vectors of lanes: returns how many.
    #[inline(always)]
    fn lay<S: Simd, const T: usize>(
        &mut self,
        s: S,
        operand: &Windows,
        vectors: &Range<usize>,
        terms: &Range<usize>,
    ) -> usize {
        let padded = terms.len().next_multiple_of(S::LANES);
        let mut numbers = [0.0; CHUNK];
        for (i, vector) in vectors.clone().enumerate() {
            operand.lay(s, vector, terms.start, &mut numbers[..terms.len()]); // zeros stay behind them
            let to = &mut self.numbers[i / T * T * CHUNK..][..T * padded];
            let squares = &mut self.squares[i * MOST_LANES..][..S::LANES];
            let mut sums = [s.load(squares), s.splat(0.0)];
            for (turn, (to, numbers)) in
                to.chunks_exact_mut(T * S::LANES).zip(numbers.chunks_exact(S::LANES)).enumerate()
            {
                let x = s.load(numbers);
                s.store(x, &mut to[i % T * S::LANES..]);
                sums[turn % 2] = s.fma(x, x, sums[turn % 2]);
            }
            s.store(s.add(sums[0], sums[1]), squares);
        }
        padded
    }
}

impl Sums<'_> {
    #[inline(always)]
    fn sum<S: Simd, const R: usize, const C: usize>(self, s: S) -> Result<()> {
        let (tall, wide) = (self.rows.len().div_ceil(R), self.columns.len().div_ceil(C));
        let lengths = [Laid::length(tall * R), Laid::length(wide * C), tall * wide * R * C * S::LANES];
        with_workspace(lengths.iter().sum(), |memory| {
            let (left, rest) = memory.split_at_mut(lengths[0]);
            let (right, all) = rest.split_at_mut(lengths[1]);
            all.fill(0.0);
            self.sum_in::<S, R, C>(s, Laid::new(left), Laid::new(right), all);
        })
    }

    #[inline(always)]
    fn sum_in<S: Simd, const R: usize, const C: usize>(self, s: S, mut left: Laid, mut right: Laid, all: &mut [f64]) {
        let (tall, wide) = (self.rows.len().div_ceil(R), self.columns.len().div_ceil(C));
        let near = NEAR.div_ceil(R);
        for start in self.terms.clone().step_by(CHUNK) {
            let terms = start..self.terms.end.min(start + CHUNK);
            let length = left.lay::<S, R>(s, &self.a, &self.rows, &terms);
            right.lay::<S, C>(s, &self.b, &self.columns, &terms);
            for first in (0..tall).step_by(near) {
                for j in 0..wide {
                    let b = &right.numbers[j * C * CHUNK..][..C * length];
                    for i in first..tall.min(first + near) {
                        let a = &left.numbers[i * R * CHUNK..][..R * length];
                        let sums = &mut all[(i * wide + j) * R * C * S::LANES..][..R * C * S::LANES];
                        add_tile::<S, R, C>(s, a, b, sums);
                    }
                }
            }
        }
        let [sums, of_rows, of_columns] = self.layout.split(self.sums);
        let lanes = |numbers: &[f64]| numbers[..S::LANES].iter().sum::<f64>();
        for (i, of_row) in of_rows[..self.rows.len()].iter_mut().enumerate() {
            *of_row = lanes(&left.squares[i * MOST_LANES..]);
            for (j, sum) in sums[i * self.layout.columns..][..self.columns.len()].iter_mut().enumerate() {
                let tile = (i / R * wide + j / C) * R * C + i % R * C + j % C;
                *sum = lanes(&all[tile * S::LANES..]);
            }
        }
        for (j, of_column) in of_columns[..self.columns.len()].iter_mut().enumerate() {
            *of_column = lanes(&right.squares[j * MOST_LANES..]);
        }
    }
}

/// Add the products of R vectors and C, lane by lane.
#[inline(always)]
fn add_tile<S: Simd, const R: usize, const C: usize>(s: S, a: &[f64], b: &[f64], to: &mut [f64]) {
    let mut sums = [[s.splat(0.0); C]; R];
    for r in 0..R {
        for c in 0..C {
            sums[r][c] = s.load(&to[(r * C + c) * S::LANES..]);
        }
    }
    for (a, b) in a.chunks_exact(R * S::LANES).zip(b.chunks_exact(C * S::LANES)) {
        for line in (0..C * S::LANES).step_by(MOST_LANES) {
            s.prefetch(b, AHEAD * C * S::LANES + line);
        }
        let mut x = [s.splat(0.0); R];
        for r in 0..R {
            x[r] = s.load(&a[r * S::LANES..]);
        }
        for c in 0..C {
            let y = s.load(&b[c * S::LANES..]);
            for r in 0..R {
                sums[r][c] = s.fma(x[r], y, sums[r][c]);
            }
        }
    }
    for r in 0..R {
        for c in 0..C {
            s.store(sums[r][c], &mut to[(r * C + c) * S::LANES..]);
        }
    }
}

/// A block whose parts have been summed.
struct Decision<'a> {
    level: Level,
    a: Windows<'a>,
    b: Windows<'a>,
    rows: Range<usize>,
    columns: Range<usize>,
    layout: Layout,
    /// Of all parts.
    sums: &'a [f64],
    /// Each term passes through so many at most.
    additions: usize,
}

impl Decision<'_> {
    /// Round the sums, and settle those that are open; `out` begins with the block's first row, of `pitch` elements.
    fn round(self, out: &mut [f32], pitch: usize) {
        let factor = relative_error(self.additions);
        let hair = 1.0 + 1e-9 + self.a.depth() as f64 * UNIT;
        let at = |place: usize| self.sums.chunks_exact(self.layout.length()).map(|part| part[place]).sum::<f64>();
        let squares = self.layout.rows * self.layout.columns;
        let norms =
            |first: usize, count: usize| (first..first + count).map(|i| at(i).sqrt() * hair).collect::<Vec<_>>();
        let of_rows = norms(squares, self.rows.len());
        let of_columns = norms(squares + self.layout.rows, self.columns.len());
        let mut grids = [vec![f64::NAN; of_rows.len()], vec![f64::NAN; of_columns.len()]];
        let mut terms = Vec::new();
        for (i, of_row) in of_rows.iter().enumerate() {
            let out = &mut out[i * pitch..][self.columns.clone()];
            for (j, (to, of_column)) in out.iter_mut().zip(&of_columns).enumerate() {
                let sum = at(i * self.layout.columns + j);
                let error = of_row * factor * of_column;
                let (low, high) = ((sum - error) as f32, (sum + error) as f32);
                *to = if low.to_bits() == high.to_bits() || !sum.is_finite() {
                    sum as f32
                } else {
                    let (row, column) = (self.rows.start + i, self.columns.start + j);
                    let step = self.grid(self.a, row, &mut grids[0][i]) * self.grid(self.b, column, &mut grids[1][j]);
                    if is_exact(error, step, factor) { sum as f32 } else { self.total(row, column, &mut terms) }
                };
            }
        }
    }

    /// A power of two of which all numbers of a vector are multiples; `found` keeps it.
    fn grid(&self, operand: Windows, vector: usize, found: &mut f64) -> f64 {
        if found.is_nan() {
            *found = f64::INFINITY;
            for start in (0..operand.depth()).step_by(CHUNK) {
                let mut numbers = [0.0; CHUNK];
                let length = CHUNK.min(operand.depth() - start);
                dispatch_at(self.level, Lay { operand, vector, start, to: &mut numbers[..length] });
                let mut grids = [0.0; MOST_LANES];
                let data = &numbers[..length.next_multiple_of(MOST_LANES)];
                dispatch_at(self.level, Grids { data, grids: &mut grids });
                *found = grids.into_iter().fold(*found, f64::min);
            }
        }
        *found
    }

    #[cold]
    #[inline(never)]
    fn total(&self, row: usize, column: usize, terms: &mut Vec<f64>) -> f32 {
        let mut numbers = [vec![0.0; self.a.depth()], vec![0.0; self.a.depth()]];
        let [a, b] = &mut numbers;
        dispatch_at(self.level, Lay { operand: self.a, vector: row, start: 0, to: a });
        dispatch_at(self.level, Lay { operand: self.b, vector: column, start: 0, to: b });
        terms.clear();
        terms.extend(a.iter().zip(b).map(|(a, b)| *a * *b));
        total(terms)
    }
}

/// Numbers of a vector side by side.
struct Lay<'a> {
    operand: Windows<'a>,
    vector: usize,
    start: usize,
    to: &'a mut [f64],
}

impl Kernel for Lay<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        self.operand.lay(s, self.vector, self.start, self.to);
    }
}
