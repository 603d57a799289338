//! A vector times a matrix, at the speed of memory: the matrix is read once, as it lies.
//!
//! The sums and the sums of the matrix's squares are found in one pass; bounds and open elements are as in the parent
//! module, but for the grids: an open element costs as much as the sum did.

use crate::error::Result;
use crate::simd::{Kernel, Simd, dispatch};
use crate::threads;

use super::pack::{Addend, Vectors};
use super::settle::round_sum;
use super::{UNIT, relative_error, with_workspace};

/// Terms of a sum over rows that are added one after the other.
const PIECE: usize = 128;

/// Elements of the matrix from which on a product is shared out.
const SHARED: usize = 1 << 19;

/// RN of every `addend_j + sum_p a_p b_jp` for the one vector `a` and the vectors b of the matrix, which must have
/// neighbours side by side in one direction.
pub fn vector_product(a: Vectors, b: Vectors, addend: Option<Addend>, out: &mut [f32]) -> Result<()> {
    with_workspace(a.depth, |vector| {
        let mut square = 0.0;
        for (p, to) in vector.iter_mut().enumerate() {
            *to = f64::from(a.at(0, p));
            square += *to * *to;
        }
        let vector = &*vector;
        let norm = square.sqrt() * (1.0 + 1e-9 + a.depth as f64 * UNIT);
        let shared = b.count.saturating_mul(b.depth) >= SHARED && threads::count() > 1;
        let part = if shared { out.len().div_ceil(4 * threads::count()).next_multiple_of(64) } else { out.len() };
        threads::for_each_chunk(out, part, |first, out| {
            dispatch(Stretch { vector, norm, matrix: b, addend, first, out })
        });
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
}

/// Vectors of lanes side by side.
const ABREAST: usize = 4;

impl Kernel for Stretch<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let mut sums = [0.0; 64];
        let mut squares = [0.0; 64];
        let width = if self.matrix.along == 1 { 1 } else { ABREAST * S::LANES };
        for place in (0..self.out.len()).step_by(width) {
            let count = width.min(self.out.len() - place);
            let additions = if self.matrix.along == 1 {
                self.dot(s, place, &mut sums, &mut squares)
            } else if count == width {
                self.columns(s, place, &mut sums, &mut squares)
            } else {
                self.few(place, count, &mut sums, &mut squares)
            };
            self.round(place, count, additions, &sums, &squares);
        }
    }
}

impl Stretch<'_> {
    /// One vector whose numbers lie side by side; returns how many additions a term passes through.
    #[inline(always)]
    fn dot<S: Simd>(&self, s: S, place: usize, to: &mut [f64], to_squares: &mut [f64]) -> usize {
        let depth = self.matrix.depth;
        let row =
            if depth == 0 { &[] } else { &self.matrix.elements[self.matrix.place(self.first + place, 0)..][..depth] };
        let (mut sums, mut squares) = ([s.splat(0.0); ABREAST], [s.splat(0.0); ABREAST]);
        let width = ABREAST * S::LANES;
        let mut rows = row.chunks_exact(width);
        let mut vectors = self.vector.chunks_exact(width);
        for (row, vector) in (&mut rows).zip(&mut vectors) {
            for i in 0..ABREAST {
                let y = s.widen(s.load_f32(&row[i * S::LANES..]));
                sums[i] = s.fma(s.load(&vector[i * S::LANES..]), y, sums[i]);
                squares[i] = s.fma(y, y, squares[i]);
            }
        }
        let total = |x: [S::F64; ABREAST]| {
            let mut lanes = [0.0; 8];
            s.store(s.add(s.add(x[0], x[1]), s.add(x[2], x[3])), &mut lanes);
            lanes[..S::LANES].iter().fold(0.0, |sum, x| sum + x)
        };
        let (mut sum, mut square) = (total(sums), total(squares));
        for (&y, x) in rows.remainder().iter().zip(vectors.remainder()) {
            let y = f64::from(y);
            sum += x * y;
            square += y * y;
        }
        (to[0], to_squares[0]) = (sum, square);
        depth / width + 2 + 2 * S::LANES + (depth % width)
    }

    /// As many neighbouring vectors as there are lanes abreast.
    #[inline(always)]
    fn columns<S: Simd>(&self, s: S, place: usize, to: &mut [f64], to_squares: &mut [f64]) -> usize {
        let width = ABREAST * S::LANES;
        let zero = [s.splat(0.0); ABREAST];
        let (mut totals, mut squares) = (zero, zero);
        for (piece, vector) in self.vector.chunks(PIECE).enumerate() {
            let mut sums = zero;
            for (p, &x) in vector.iter().enumerate() {
                let x = s.splat(x);
                let row = &self.matrix.elements[self.matrix.place(self.first + place, piece * PIECE + p)..][..width];
                for i in 0..ABREAST {
                    let y = s.widen(s.load_f32(&row[i * S::LANES..]));
                    sums[i] = s.fma(x, y, sums[i]);
                    squares[i] = s.fma(y, y, squares[i]);
                }
            }
            for i in 0..ABREAST {
                totals[i] = s.add(totals[i], sums[i]);
            }
        }
        for i in 0..ABREAST {
            s.store(totals[i], &mut to[i * S::LANES..]);
            s.store(squares[i], &mut to_squares[i * S::LANES..]);
        }
        PIECE + self.vector.len().div_ceil(PIECE)
    }

    /// Fewer of them.
    #[inline(always)]
    fn few(&self, place: usize, count: usize, to: &mut [f64], to_squares: &mut [f64]) -> usize {
        to[..count].fill(0.0);
        to_squares[..count].fill(0.0);
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
        round_sum(&products.chain([addend]).collect::<Vec<_>>())
    }
}
