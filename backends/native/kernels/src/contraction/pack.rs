//! Operands in the order in which the kernel reads them: panels of binary64, with what the error bound needs beside them.
//!
//! A panel holds some vectors (rows of the left matrix, columns of the right one) side by side: first its head, the
//! vectors' norms and, on the right, their addends; then the first elements of all its vectors, the second ones, and so
//! on. A norm is the Euclidean one, a hair too large: the squares of binary32 numbers are exact in binary64, finite and
//! not subnormal, and a sum of k of them errs by less than k units.

use std::ops::Range;

use crate::simd::{Kernel, Simd};

use super::UNIT;

/// One side of a product: `count` vectors of `depth` numbers, the rows of the left matrix or the columns of the right
/// one. Whatever can put its vectors into panels can be multiplied.
pub trait Operand: Copy + Send + Sync {
    /// How many vectors there are.
    fn count(&self) -> usize;

    /// How many numbers each vector has.
    fn depth(&self) -> usize;

    /// Put the numbers from `start` on of the vectors from `first` on into a panel of `V * LANES` vectors: number
    /// `start + p` of vector `first + i` becomes `panel[p * V * LANES + i]`, and zeros take the place of vectors that are
    /// not there. Mark it `#[inline(always)]`.
    fn pack<S: Simd, const V: usize>(&self, s: S, first: usize, start: usize, panel: &mut [f64]);

    /// How many numbers of its vectors a panel is best given before the next panel gets as many.
    fn at_once(&self) -> usize {
        self.depth()
    }
}

/// Vectors in memory at any strides.
#[derive(Clone, Copy, Debug)]
pub struct Vectors<'a> {
    /// The memory.
    pub elements: &'a [f32],
    /// Where the first number of the first vector is.
    pub offset: isize,
    /// How many vectors there are.
    pub count: usize,
    /// How many numbers each has.
    pub depth: usize,
    /// From a vector to the next one.
    pub across: isize,
    /// From a number of a vector to the next one.
    pub along: isize,
}

impl<'a> Vectors<'a> {
    /// Where number p of vector i is.
    #[inline(always)]
    pub fn place(&self, i: usize, p: usize) -> usize {
        (self.offset + i as isize * self.across + p as isize * self.along) as usize
    }

    /// Number p of vector i.
    #[inline(always)]
    pub fn at(&self, i: usize, p: usize) -> f32 {
        self.elements[self.place(i, p)]
    }
}

impl Operand for Vectors<'_> {
    fn count(&self) -> usize {
        self.count
    }

    fn depth(&self) -> usize {
        self.depth
    }

    /// Where neighbours belong to different vectors, a few rows of memory are walked through side by side.
    fn at_once(&self) -> usize {
        if self.along == 1 { self.depth } else { ROWS_AT_ONCE }
    }

    #[inline(always)]
    fn pack<S: Simd, const V: usize>(&self, s: S, first: usize, start: usize, panel: &mut [f64]) {
        let width = V * S::LANES;
        let whole = self.count - first >= width;
        if whole && self.across == 1 {
            for (p, to) in panel.chunks_exact_mut(width).enumerate() {
                let from = &self.elements[self.place(first, start + p)..][..width];
                for v in 0..V {
                    s.store(s.widen(s.load_f32(&from[v * S::LANES..])), &mut to[v * S::LANES..]);
                }
            }
        } else if whole && self.along == 1 && self.across >= 0 {
            let stride = self.across as usize;
            let mut start = start;
            let mut blocks = panel.chunks_exact_mut(width * S::LANES);
            for to in &mut blocks {
                for v in 0..V {
                    let from = &self.elements[self.place(first + v * S::LANES, start)..];
                    s.turn(from, stride, &mut to[v * S::LANES..], width);
                }
                start += S::LANES;
            }
            self.one_by_one(first, start, width, blocks.into_remainder());
        } else {
            self.one_by_one(first, start, width, panel);
        }
    }
}

/// Rows of memory that are packed side by side: as many streams as the machine follows well.
const ROWS_AT_ONCE: usize = 16;

impl Vectors<'_> {
    /// The numbers from `start` on, at any strides and of any count of vectors.
    fn one_by_one(&self, first: usize, start: usize, width: usize, panel: &mut [f64]) {
        let count = width.min(self.count - first);
        for (p, to) in panel.chunks_exact_mut(width).enumerate() {
            let (there, absent) = to.split_at_mut(count);
            for (i, to) in there.iter_mut().enumerate() {
                *to = f64::from(self.at(first + i, start + p));
            }
            absent.fill(0.0);
        }
    }
}

/// What is added to the sums: one number for each vector of the right operand, at any stride.
#[derive(Clone, Copy, Debug)]
pub struct Addend<'a> {
    /// The memory.
    pub elements: &'a [f32],
    /// Where the first number is.
    pub offset: isize,
    /// From a number to the next one.
    pub stride: isize,
}

impl Addend<'_> {
    /// The number that belongs to vector i.
    #[inline(always)]
    pub fn at(&self, i: usize) -> f64 {
        f64::from(self.elements[(self.offset + i as isize * self.stride) as usize])
    }
}

/// What a panel's head holds: arrays as long as the panel is wide. A left panel has the first alone.
pub const HEAD: usize = 3;

/// Packs panels that lie one after the other, `stride` numbers apart, each as wide as `vectors` vectors of lanes; the
/// last of all may be narrower.
pub struct Pack<'a, O> {
    pub operand: O,
    /// The first vector of the first panel.
    pub first: usize,
    pub panels: &'a mut [f64],
    pub stride: usize,
    pub vectors: usize,
    /// Arrays in a head.
    pub head: usize,
    pub addend: Option<Addend<'a>>,
    /// The left norms are multiplied by it.
    pub scale: f64,
    /// Relative to an addend, its part of the error.
    pub error: f64,
}

impl<O: Operand> Kernel for Pack<'_, O> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let panels = std::mem::take(&mut self.panels);
        let (width, depth) = (self.vectors * S::LANES, self.operand.depth());
        let step = self.operand.at_once().max(1);
        for start in (0..depth.max(1)).step_by(step) {
            let terms = start..depth.min(start + step);
            for (i, panel) in panels.chunks_mut(self.stride).enumerate() {
                let first = self.first + i * width;
                match (self.operand.count() - first).div_ceil(S::LANES).min(self.vectors) {
                    3 => self.panel::<S, 3>(s, first, terms.clone(), panel),
                    2 => self.panel::<S, 2>(s, first, terms.clone(), panel),
                    _ => self.panel::<S, 1>(s, first, terms.clone(), panel),
                }
            }
        }
    }
}

impl<O: Operand> Pack<'_, O> {
    /// Some terms of a panel; with the first ones the rest of the head, and with the last ones the norms.
    #[inline(always)]
    fn panel<S: Simd, const V: usize>(&self, s: S, first: usize, terms: Range<usize>, panel: &mut [f64]) {
        let width = V * S::LANES;
        let depth = self.operand.depth();
        let (head, rest) = panel.split_at_mut(self.head * width);
        let data = &mut rest[terms.start * width..terms.end * width];
        self.operand.pack::<S, V>(s, first, terms.start, data);
        let squares = squares::<S, V>(s, data);
        let hair = s.splat((1.0 + 1e-9 + depth as f64 * UNIT) * self.scale);
        for v in 0..V {
            let norm = &mut head[v * S::LANES..][..S::LANES];
            let mut sum = squares[v];
            if terms.start > 0 {
                sum = s.add(s.load(norm), sum);
            }
            if terms.end == depth {
                sum = s.mul(s.sqrt(sum), hair);
            }
            s.store(sum, norm);
        }
        if self.head == HEAD && terms.start == 0 {
            let (addends, errors) = head[width..].split_at_mut(width);
            match self.addend {
                None => head[width..].fill(0.0),
                Some(addend) => {
                    for (i, (to, error)) in addends.iter_mut().zip(errors).enumerate() {
                        *to = if first + i < self.operand.count() { addend.at(first + i) } else { 0.0 };
                        *error = to.abs() * self.error;
                    }
                }
            }
        }
    }
}

/// The sums of the squares of the vectors of a panel; four sums each, so that the latency of one is hidden.
#[inline(always)]
fn squares<S: Simd, const V: usize>(s: S, data: &[f64]) -> [S::F64; V] {
    let width = V * S::LANES;
    let mut sums = [[s.splat(0.0); V]; 4];
    let mut blocks = data.chunks_exact(4 * width);
    for block in &mut blocks {
        for i in 0..4 {
            for v in 0..V {
                let x = s.load(&block[i * width + v * S::LANES..]);
                sums[i][v] = s.fma(x, x, sums[i][v]);
            }
        }
    }
    for row in blocks.remainder().chunks_exact(width) {
        for v in 0..V {
            let x = s.load(&row[v * S::LANES..]);
            sums[0][v] = s.fma(x, x, sums[0][v]);
        }
    }
    let mut total = sums[0];
    for v in 0..V {
        total[v] = s.add(s.add(total[v], sums[1][v]), s.add(sums[2][v], sums[3][v]));
    }
    total
}

/// For each vector of a panel a power of two of which all its numbers are multiples.
///
/// From the lowest significand bit that any number uses and the smallest magnitude that is not zero: it may be finer
/// than it need be, but is found at the speed of memory.
pub struct Grids<'a> {
    /// A panel without its head.
    pub data: &'a [f64],
    /// One for each vector.
    pub grids: &'a mut [f64],
}

impl Kernel for Grids<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = self.grids.len();
        let infinity = s.splat(f64::INFINITY);
        for first in (0..width).step_by(S::LANES) {
            let (mut used, mut smallest) = (s.splat_i64(0), infinity);
            for row in self.data.chunks_exact(width) {
                let x = s.load(&row[first..]);
                used = s.or_i64(used, s.bits(x));
                let size = s.abs(x);
                smallest = s.min(s.select(s.eq(size, s.splat(0.0)), infinity, size), smallest);
            }
            let (mut lanes, mut bits) = ([0.0; 8], [0.0; 8]);
            s.store(smallest, &mut lanes);
            s.store(s.from_bits(used), &mut bits);
            for (to, (smallest, used)) in self.grids[first..].iter_mut().zip(lanes.iter().zip(bits)).take(S::LANES) {
                *to = grid(used.to_bits(), *smallest);
            }
        }
    }
}

/// A power of two that divides every number whose significand bits are among `used` and whose magnitude is at least
/// `smallest`, which is infinite where all are zero: then any will do.
pub fn grid(used: u64, smallest: f64) -> f64 {
    if smallest == f64::INFINITY {
        return 2f64.powi(200);
    }
    let last = (used & ((1 << 52) - 1) | 1 << 52).trailing_zeros() as i32;
    let exponent = (smallest.to_bits() >> 52) as i32 - 1023; // a subnormal binary32 number is normal in binary64
    2f64.powi(exponent - 52 + last)
}
