//! Operands whose vectors lie on several axes, and the numbers of each on several others: the windows of a convolution, and
//! its kernels. They are packed from where they lie: no matrix of them is ever made.

use std::ops::Range;

use smallvec::SmallVec;

use crate::copy::joined;
use crate::error::{Error, Result};
use crate::simd::{MOST_LANES, Simd};

use super::pack::{Addend, Operand};
use super::tile::COLUMNS;

/// Vectors of numbers in memory: the place of a number is the sum of one for the vector and one for the term.
#[derive(Clone, Copy, Debug)]
pub struct Windows<'a> {
    /// The memory.
    pub elements: &'a [f32],
    /// Where the first number of the first vector is.
    pub offset: isize,
    /// How many vectors there are.
    pub count: usize,
    /// Lengths and strides of the axes that they lie on, the last first; there may be more on the first of all.
    pub axes: &'a [(usize, isize)],
    /// Where the numbers of a vector are, from its first one.
    pub terms: &'a Terms,
    /// One more number of each vector.
    pub last: Last<'a>,
}

/// A number that is no element of a window or of a kernel, but a factor of one term all the same.
#[derive(Clone, Copy, Debug)]
pub enum Last<'a> {
    /// There is none.
    None,
    /// One, of each vector.
    One,
    /// An addend to all sums of the vector: the other side has a one there.
    Addend(Addend<'a>),
}

/// The places of a vector's numbers.
#[derive(Clone, Debug)]
pub struct Terms {
    places: Vec<isize>,
    /// So many lie side by side, from each multiple of it on.
    run: usize,
    lowest: isize,
    highest: isize,
}

impl Terms {
    /// In row-major order of some axes.
    pub fn new(shape: &[usize], strides: &[isize]) -> Result<Terms> {
        let count = if shape.contains(&0) { 0 } else { shape.iter().fold(1, |n: usize, &m| n.saturating_mul(m)) };
        let mut places = Vec::new();
        places.try_reserve_exact(count).map_err(|_| Error::Memory { bytes: count.checked_mul(size_of::<isize>()) })?;
        let axes = joined(shape, strides);
        if count > 0 {
            places.push(0);
            // The first axis of all last: each time, what there is comes again some steps on.
            for &(n, stride) in &axes {
                let so_far = places.len();
                for i in 1..n {
                    places.extend_from_within(..so_far);
                    places[i * so_far..].iter_mut().for_each(|place| *place += i as isize * stride);
                }
            }
        }
        let run = axes.first().map_or(1, |&(n, stride)| if stride == 1 { n.max(1) } else { 1 });
        let lowest = places.iter().copied().min().unwrap_or(0);
        let highest = places.iter().copied().max().unwrap_or(0);
        Ok(Terms { places, run, lowest, highest })
    }
}

/// Terms of some vectors that are laid side by side at a time, before they are turned.
const AT_ONCE: usize = 128;

impl Operand for Windows<'_> {
    fn count(&self) -> usize {
        self.count
    }

    fn depth(&self) -> usize {
        self.terms.places.len() + usize::from(!matches!(self.last, Last::None))
    }

    #[inline(always)]
    fn pack<S: Simd, const V: usize>(&self, s: S, first: usize, start: usize, panel: &mut [f64]) {
        let width = V * S::LANES;
        let there = width.min(self.count() - first);
        let mut starts = [0; COLUMNS];
        self.starts(first, &mut starts[..there]);
        let end = self.terms.places.len().min(start + panel.len() / width);
        let (data, last) = panel.split_at_mut((end - start) * width);
        if !data.is_empty() {
            for lane in (0..width).step_by(S::LANES) {
                let starts = &starts[lane.min(there)..there.min(lane + S::LANES)];
                self.lanes(s, starts, start..end, &mut data[lane..], width);
            }
        }
        for (i, to) in last.iter_mut().enumerate() {
            *to = if i < there { self.last(first + i) } else { 0.0 };
        }
    }
}

impl Windows<'_> {
    /// Some of the vectors; the first is the first on all axes but the first of all.
    pub fn part(&self, vectors: Range<usize>) -> Self {
        let mut start = [0];
        self.starts(vectors.start, &mut start);
        Windows { offset: start[0], count: vectors.len(), ..*self }
    }

    /// Where the vectors from `first` on begin.
    fn starts(&self, first: usize, to: &mut [isize]) {
        let (mut place, mut rest) = (self.offset, first);
        let mut index: SmallVec<[usize; 10]> = SmallVec::new();
        for &(n, stride) in self.axes {
            index.push(rest % n);
            place += (rest % n) as isize * stride;
            rest /= n;
        }
        for to in to {
            *to = place;
            for (i, &(n, stride)) in index.iter_mut().zip(self.axes) {
                *i += 1;
                place += stride;
                if *i < n {
                    break;
                }
                *i = 0;
                place -= n as isize * stride;
            }
        }
    }

    fn last(&self, vector: usize) -> f64 {
        match self.last {
            Last::Addend(addend) => addend.at(vector),
            _ => 1.0,
        }
    }

    /// Some numbers of up to LANES vectors: those of one term side by side, those of the next one `width` further on.
    #[inline(always)]
    fn lanes<S: Simd>(&self, s: S, starts: &[isize], terms: Range<usize>, to: &mut [f64], width: usize) {
        let places = &self.terms.places[terms.clone()];
        let neighbours = |starts: &[isize]| starts.windows(2).take_while(|pair| pair[1] == pair[0] + 1).count() + 1;
        let Some(&one) = starts.first() else {
            to.chunks_mut(width).for_each(|to| to[..S::LANES].fill(0.0));
            return;
        };
        let ahead = neighbours(starts);
        // The others, if they are neighbours too, as lanes of a vector that begins so far before them.
        let others = starts.get(ahead).map(|start| start - ahead as isize);
        let two = starts.len() == S::LANES && neighbours(&starts[ahead.min(starts.len() - 1)..]) + ahead == S::LANES;
        if ahead == S::LANES && self.reaches::<S>(one) {
            for (&place, to) in places.iter().zip(to.chunks_mut(width)) {
                s.store(self.vector(s, one + place), to);
            }
        } else if ahead < S::LANES
            && (others.is_none() || two)
            && [Some(one), others].iter().flatten().all(|&start| self.reaches::<S>(start))
        {
            const PLACES: [f64; MOST_LANES] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
            let mask = s.lt(s.load(&PLACES), s.splat(ahead as f64));
            for (&place, to) in places.iter().zip(to.chunks_mut(width)) {
                let rest = others.map_or(s.splat(0.0), |start| self.vector(s, start + place));
                s.store(s.select(mask, self.vector(s, one + place), rest), to);
            }
        } else if self.terms.run >= S::LANES {
            self.turned(s, starts, terms, to, width);
        } else {
            for (&place, to) in places.iter().zip(to.chunks_mut(width)) {
                let (there, absent) = to[..S::LANES].split_at_mut(starts.len());
                for (to, start) in there.iter_mut().zip(starts) {
                    *to = f64::from(self.elements[(start + place) as usize]);
                }
                absent.fill(0.0);
            }
        }
    }

    /// Whether memory has LANES elements from a vector's start on, at every term.
    fn reaches<S: Simd>(&self, start: isize) -> bool {
        start + self.terms.lowest >= 0 && (start + self.terms.highest) as usize + S::LANES <= self.elements.len()
    }

    #[inline(always)]
    fn vector<S: Simd>(&self, s: S, place: isize) -> S::F64 {
        s.widen(s.load_f32(&self.elements[place as usize..]))
    }

    /// The same, where the numbers of a vector lie side by side.
    #[inline(always)]
    fn turned<S: Simd>(&self, s: S, starts: &[isize], terms: Range<usize>, to: &mut [f64], width: usize) {
        let mut rows = [0.0f32; MOST_LANES * AT_ONCE];
        for (first, to) in terms.clone().step_by(AT_ONCE).zip(to.chunks_mut(AT_ONCE * width)) {
            let terms = first..terms.end.min(first + AT_ONCE);
            for (start, row) in starts.iter().zip(rows.chunks_mut(AT_ONCE)) {
                self.for_each_run(*start, terms.clone(), |place, from| copy(s, from, &mut row[place..][..from.len()]));
            }
            for first in (0..terms.len()).step_by(S::LANES) {
                let to = &mut to[first * width..];
                if first + S::LANES <= terms.len() {
                    s.turn(&rows[first..], AT_ONCE, to, width);
                } else {
                    for (p, to) in to.chunks_mut(width).enumerate() {
                        for (i, to) in to[..S::LANES].iter_mut().enumerate() {
                            *to = f64::from(rows[i * AT_ONCE + first + p]);
                        }
                    }
                }
            }
        }
    }

    /// Numbers of a vector side by side, from term `start` on.
    #[inline(always)]
    pub fn lay<S: Simd>(&self, s: S, vector: usize, start: usize, to: &mut [f64]) {
        let mut first = [0];
        self.starts(vector, &mut first);
        let end = self.terms.places.len().min(start + to.len());
        let (to, last) = to.split_at_mut(end - start);
        last.fill(self.last(vector));
        self.for_each_run(first[0], start..end, |place, from| widen(s, from, &mut to[place..][..from.len()]));
    }

    /// Call `work(place, numbers)` for all of some terms, those together that lie side by side; `place` counts from the
    /// first term.
    #[inline(always)]
    fn for_each_run(&self, start: isize, terms: Range<usize>, mut work: impl FnMut(usize, &[f32])) {
        let run = self.terms.run;
        let mut term = terms.start;
        let mut end = term / run * run + run;
        while term < terms.end {
            let count = end.min(terms.end) - term;
            work(term - terms.start, &self.elements[(start + self.terms.places[term]) as usize..][..count]);
            term += count;
            end += run;
        }
    }
}

/// A copy; by whole vectors, of which the last two may overlap.
#[inline(always)]
fn copy<S: Simd>(s: S, from: &[f32], to: &mut [f32]) {
    match from.len().checked_sub(S::LANES) {
        None => to.iter_mut().zip(from).for_each(|(to, &x)| *to = x),
        Some(last) => {
            for at in (0..last).step_by(S::LANES).chain([last]) {
                s.store_f32(s.load_f32(&from[at..]), &mut to[at..]);
            }
        }
    }
}

/// The same in binary64.
#[inline(always)]
fn widen<S: Simd>(s: S, from: &[f32], to: &mut [f64]) {
    match from.len().checked_sub(S::LANES) {
        None => to.iter_mut().zip(from).for_each(|(to, &x)| *to = f64::from(x)),
        Some(last) => {
            for at in (0..last).step_by(S::LANES).chain([last]) {
                s.store(s.widen(s.load_f32(&from[at..])), &mut to[at..]);
            }
        }
    }
}
