//! A vector times a matrix, at the speed of memory: the matrix is read once, as it lies.
//!
//! The sums and the sums of the matrix's squares are found in one pass; bounds and open elements are as in the parent
//! module, but for the grids: an open element costs as much as the sum did.

use crate::error::Result;
use crate::simd::{Kernel, Simd, dispatch};
use crate::sums::total;
use crate::threads;

use super::pack::{Addend, Vectors};
use super::{UNIT, relative_error, with_workspace};

/// Terms of a sum over rows that are added one after the other.
const PIECE: usize = 128;

/// Elements of the matrix from which on a product is shared out.
const SHARED: usize = 1 << 19;

/// Columns whose sums stay in the first cache.
const COLUMNS: usize = 512;

/// Rows that are read side by side.
const ROWS: usize = 4;

/// RN of every `addend_j + sum_p a_p b_jp` for the one vector `a` and the vectors b of the matrix, which must have
/// neighbours side by side in one direction.
pub fn vector_product(a: Vectors, b: Vectors, addend: Option<Addend>, out: &mut [f32]) -> Result<()> {
    with_workspace(a.depth + 3 * COLUMNS, |memory| {
        let (vector, room) = memory.split_at_mut(a.depth);
        let mut square = 0.0;
        for (p, to) in vector.iter_mut().enumerate() {
            *to = f64::from(a.at(0, p));
            square += *to * *to;
        }
        let vector = &*vector;
        let norm = square.sqrt() * (1.0 + 1e-9 + a.depth as f64 * UNIT);
        let stretch = |first, out: &mut [f32], room: &mut [f64]| {
            dispatch(Stretch { vector, norm, matrix: b, addend, first, out, room });
        };
        if b.count.saturating_mul(b.depth) < SHARED || threads::count() == 1 {
            stretch(0, out, room);
            return;
        }
        let part = out.len().div_ceil(4 * threads::count()).next_multiple_of(64);
        threads::for_each_chunk(out, part, |first, out| stretch(first, out, &mut [0.0; 3 * COLUMNS]));
    })
}

/// Some elements of the result, from `first` on.
struct Stretch<'a> {
    vector: &'a [f64],
    norm: f64,
    matrix: Vectors<'a>,
    addend: Option<Addend<'a>>,
    first: usize,
    out: &'a mut [f32],
    /// Three times COLUMNS numbers of any value.
    room: &'a mut [f64],
}

impl Kernel for Stretch<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let room = std::mem::take(&mut self.room);
        let (sums, rest) = room.split_at_mut(COLUMNS);
        let (squares, part) = rest.split_at_mut(COLUMNS);
        let count = self.out.len();
        let mut place = 0;
        while place < count {
            let step;
            let additions = if self.matrix.along == 1 {
                step = if count - place >= ROWS { ROWS } else { 1 };
                if step == ROWS {
                    self.dots::<S, ROWS>(s, place, sums, squares)
                } else {
                    self.dots::<S, 1>(s, place, sums, squares)
                }
            } else if count - place >= S::LANES {
                step = (count - place).min(COLUMNS) / S::LANES * S::LANES;
                self.columns(s, place, &mut sums[..step], &mut squares[..step], &mut part[..step])
            } else {
                step = count - place;
                self.few(place, &mut sums[..step], &mut squares[..step])
            };
            self.round(place, step, additions, sums, squares);
            place += step;
        }
    }
}

impl Stretch<'_> {
    /// N vectors whose numbers lie side by side; returns how many additions a term passes through.
    #[inline(always)]
    fn dots<S: Simd, const N: usize>(&self, s: S, place: usize, to: &mut [f64], to_squares: &mut [f64]) -> usize {
        let depth = self.matrix.depth;
        let mut rows: [&[f32]; N] = [&[]; N];
        if depth > 0 {
            for (i, row) in rows.iter_mut().enumerate() {
                *row = &self.matrix.elements[self.matrix.place(self.first + place + i, 0)..][..depth];
            }
        }
        let (mut sums, mut squares) = ([s.splat(0.0); N], [s.splat(0.0); N]);
        let whole = depth / S::LANES * S::LANES;
        for p in (0..whole).step_by(S::LANES) {
            let x = s.load(&self.vector[p..]);
            for i in 0..N {
                let y = s.widen(s.load_f32(&rows[i][p..]));
                sums[i] = s.fma(x, y, sums[i]);
                squares[i] = s.fma(y, y, squares[i]);
            }
        }
        for i in 0..N {
            let (mut sum, mut square) = ([0.0; 8], [0.0; 8]);
            s.store(sums[i], &mut sum);
            s.store(squares[i], &mut square);
            (to[i], to_squares[i]) = (sum[0], square[0]);
            for lane in 1..S::LANES {
                to[i] += sum[lane];
                to_squares[i] += square[lane];
            }
            for (&y, x) in rows[i][whole..].iter().zip(&self.vector[whole..]) {
                let y = f64::from(y);
                to[i] += x * y;
                to_squares[i] += y * y;
            }
        }
        depth / S::LANES + 2 * S::LANES
    }

    /// Neighbouring vectors, a multiple of LANES of them; row by row.
    #[inline(always)]
    fn columns<S: Simd>(&self, s: S, place: usize, to: &mut [f64], to_squares: &mut [f64], part: &mut [f64]) -> usize {
        let count = to.len();
        let row = |p: usize| &self.matrix.elements[self.matrix.place(self.first + place, p)..][..count];
        to.fill(0.0);
        to_squares.fill(0.0);
        for (piece, vector) in self.vector.chunks(PIECE).enumerate() {
            part.fill(0.0);
            let start = piece * PIECE;
            let mut groups = vector.chunks_exact(ROWS);
            let mut p = start;
            for group in &mut groups {
                self.add_rows::<S, ROWS>(s, group, [row(p), row(p + 1), row(p + 2), row(p + 3)], part, to_squares);
                p += ROWS;
            }
            for x in groups.remainder() {
                self.add_rows::<S, 1>(s, std::slice::from_ref(x), [row(p)], part, to_squares);
                p += 1;
            }
            for at in (0..count).step_by(S::LANES) {
                s.store(s.add(s.load(&to[at..]), s.load(&part[at..])), &mut to[at..]);
            }
        }
        PIECE + self.vector.len().div_ceil(PIECE)
    }

    /// Add some rows times their numbers of the vector, and their squares.
    #[inline(always)]
    fn add_rows<S: Simd, const N: usize>(
        &self,
        s: S,
        vector: &[f64],
        rows: [&[f32]; N],
        sums: &mut [f64],
        squares: &mut [f64],
    ) {
        let mut x = [s.splat(0.0); N];
        for i in 0..N {
            x[i] = s.splat(vector[i]);
        }
        for at in (0..sums.len()).step_by(S::LANES) {
            let (mut sum, mut square) = (s.load(&sums[at..]), s.load(&squares[at..]));
            for i in 0..N {
                let y = s.widen(s.load_f32(&rows[i][at..]));
                sum = s.fma(x[i], y, sum);
                square = s.fma(y, y, square);
            }
            s.store(sum, &mut sums[at..]);
            s.store(square, &mut squares[at..]);
        }
    }

    /// Fewer than LANES of them.
    #[inline(always)]
    fn few(&self, place: usize, to: &mut [f64], to_squares: &mut [f64]) -> usize {
        let count = to.len();
        to.fill(0.0);
        to_squares.fill(0.0);
        for (p, &x) in self.vector.iter().enumerate() {
            let row = &self.matrix.elements[self.matrix.place(self.first + place, p)..][..count];
            for ((&y, sum), square) in row.iter().zip(&mut *to).zip(&mut *to_squares) {
                let y = f64::from(y);
                *sum += x * y;
                *square += y * y;
            }
        }
        self.vector.len()
    }

    #[inline(always)]
    fn round(&mut self, place: usize, count: usize, additions: usize, sums: &[f64], squares: &[f64]) {
        let factor = relative_error(additions);
        let hair = (1.0 + 1e-9 + self.matrix.depth as f64 * UNIT) * factor;
        for i in 0..count {
            let addend = self.addend.map_or(0.0, |addend| addend.at(self.first + place + i));
            let sum = sums[i] + addend;
            let error = self.norm * (squares[i].sqrt() * hair) + addend.abs() * factor;
            let (low, high) = ((sum - error) as f32, (sum + error) as f32);
            self.out[place + i] = if low.to_bits() == high.to_bits() {
                low
            } else if sum.is_finite() {
                self.settle(self.first + place + i, addend)
            } else {
                sum as f32
            };
        }
    }

    #[cold]
    #[inline(never)]
    fn settle(&self, i: usize, addend: f64) -> f32 {
        let products = self.vector.iter().enumerate().map(|(p, x)| x * f64::from(self.matrix.at(i, p)));
        total(&products.chain([addend]).collect::<Vec<_>>())
    }
}
