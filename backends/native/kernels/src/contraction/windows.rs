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

/// LANES vectors or fewer: where those of the first lanes begin, and those of the others, if there are some, as lanes of a
/// vector that begins so far before them.
struct Lanes<S: Simd> {
    first: isize,
    others: Option<isize>,
    /// Whether the first lanes are all.
    all: bool,
    mask: S::Mask,
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

/// Terms that are packed at a time.
const AT_ONCE: usize = 96;

impl Operand for Windows<'_> {
    fn count(&self) -> usize {
        self.count
    }

    fn depth(&self) -> usize {
        self.terms.places.len() + usize::from(!matches!(self.last, Last::None))
    }

    /// As many as stay in the first cache until they have been squared.
    fn at_once(&self) -> usize {
        2 * AT_ONCE
    }

    #[inline(always)]
    fn pack<S: Simd, const V: usize>(&self, s: S, first: usize, start: usize, panel: &mut [f64]) {
        let width = V * S::LANES;
        let there = width.min(self.count() - first);
        let mut starts = [0; COLUMNS];
        self.starts(first, &mut starts[..there]);
        let end = self.terms.places.len().min(start + panel.len() / width);
        let (data, last) = panel.split_at_mut((end - start) * width);
        for v in 0..V {
            let lane = v * S::LANES;
            let starts = &starts[lane.min(there)..there.min(lane + S::LANES)];
            self.lanes::<S, V>(s, v, starts, start..end, data);
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

    /// Some terms of the LANES vectors of place `v` in a panel, or of fewer, with zeros for the others.
    #[inline(always)]
    fn lanes<S: Simd, const V: usize>(&self, s: S, v: usize, starts: &[isize], terms: Range<usize>, panel: &mut [f64]) {
        let places = &self.terms.places[terms.clone()];
        let rows = panel.chunks_exact_mut(V * S::LANES).map(|row| &mut row[v * S::LANES..][..S::LANES]);
        if starts.is_empty() {
            rows.for_each(|to| to.fill(0.0));
        } else if let Some(lanes) = self.side_by_side(s, starts) {
            for (&place, to) in places.iter().zip(rows) {
                s.store(self.vector(s, &lanes, place), to);
            }
        } else if self.terms.run >= S::LANES {
            self.turned::<S, V>(s, v, starts, terms, panel);
        } else {
            for (&place, to) in places.iter().zip(rows) {
                let (there, absent) = to.split_at_mut(starts.len());
                for (to, start) in there.iter_mut().zip(starts) {
                    *to = f64::from(self.elements[(start + place) as usize]);
                }
                absent.fill(0.0);
            }
        }
    }

    /// The lanes of up to LANES vectors, one at least, if these begin side by side, or some do and the others do.
    #[inline(always)]
    fn side_by_side<S: Simd>(&self, s: S, starts: &[isize]) -> Option<Lanes<S>> {
        const PLACES: [f64; MOST_LANES] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
        let neighbours = |starts: &[isize]| starts.windows(2).take_while(|pair| pair[1] == pair[0] + 1).count() + 1;
        let ahead = neighbours(starts);
        let others = starts.get(ahead).map(|start| start - ahead as isize);
        if others.is_some() && (starts.len() < S::LANES || ahead + neighbours(&starts[ahead..]) < S::LANES) {
            return None;
        }
        // Memory must have LANES elements from their beginning on, at every term.
        let reaches = |&start: &isize| {
            let (low, high) = (start + self.terms.lowest, start + self.terms.highest);
            low >= 0 && high as usize + S::LANES <= self.elements.len()
        };
        let mask = s.lt(s.load(&PLACES), s.splat(ahead as f64));
        let lanes = Lanes { first: starts[0], others, all: ahead == S::LANES, mask };
        [Some(lanes.first), others].iter().flatten().all(reaches).then_some(lanes)
    }

    /// The numbers of a term.
    #[inline(always)]
    fn vector<S: Simd>(&self, s: S, lanes: &Lanes<S>, place: isize) -> S::F64 {
        let first = self.load(s, lanes.first + place);
        if lanes.all {
            return first;
        }
        let others = match lanes.others {
            Some(start) => self.load(s, start + place),
            None => s.splat(0.0),
        };
        s.select(lanes.mask, first, others)
    }

    #[inline(always)]
    fn load<S: Simd>(&self, s: S, place: isize) -> S::F64 {
        s.widen(s.load_f32(&self.elements[place as usize..]))
    }

    /// The same, where the numbers of a vector lie side by side.
    #[inline(always)]
    fn turned<S: Simd, const V: usize>(
        &self,
        s: S,
        v: usize,
        starts: &[isize],
        terms: Range<usize>,
        panel: &mut [f64],
    ) {
        let (width, lane) = (V * S::LANES, v * S::LANES);
        let mut rows = [0.0f32; MOST_LANES * AT_ONCE];
        for (first, panel) in terms.clone().step_by(AT_ONCE).zip(panel.chunks_mut(AT_ONCE * width)) {
            let terms = first..terms.end.min(first + AT_ONCE);
            for (start, row) in starts.iter().zip(rows.chunks_mut(AT_ONCE)) {
                for (at, from) in self.runs(*start, terms.clone()) {
                    copy(s, from, &mut row[at..][..from.len()]);
                }
            }
            let whole = terms.len() / S::LANES * S::LANES;
            for first in (0..whole).step_by(S::LANES) {
                s.turn(&rows[first..], AT_ONCE, &mut panel[first * width + lane..], width);
            }
            for (p, row) in panel.chunks_exact_mut(width).enumerate().skip(whole) {
                for (to, numbers) in row[lane..][..S::LANES].iter_mut().zip(rows.chunks(AT_ONCE)) {
                    *to = f64::from(numbers[p]);
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
        for (at, from) in self.runs(first[0], start..end) {
            widen(s, from, &mut to[at..][..from.len()]);
        }
    }

    /// The numbers of some terms, those together that lie side by side, and where they come among them.
    fn runs(&self, start: isize, terms: Range<usize>) -> impl Iterator<Item = (usize, &[f32])> {
        let run = self.terms.run;
        let begun = (run - terms.start % run) % run;
        let (rest, whole) = self.terms.places[terms.clone()].split_at(begun.min(terms.len()));
        let whole = whole.chunks(run).enumerate().map(move |(i, places)| (begun + i * run, places));
        let rest = (!rest.is_empty()).then_some((0, rest));
        rest.into_iter()
            .chain(whole)
            .map(move |(at, places)| (at, &self.elements[(start + places[0]) as usize..][..places.len()]))
    }
}

/// A copy; by whole vectors, of which the last two may overlap.
#[inline(always)]
fn copy<S: Simd>(s: S, from: &[f32], to: &mut [f32]) {
    let count = from.len();
    if count < S::LANES {
        to.iter_mut().zip(from).for_each(|(to, &x)| *to = x);
        return;
    }
    for (to, from) in to.chunks_exact_mut(S::LANES).zip(from.chunks_exact(S::LANES)) {
        s.store_f32(s.load_f32(from), to);
    }
    s.store_f32(s.load_f32(&from[count - S::LANES..]), &mut to[count - S::LANES..]);
}

/// The same in binary64.
#[inline(always)]
fn widen<S: Simd>(s: S, from: &[f32], to: &mut [f64]) {
    let count = from.len();
    if count < S::LANES {
        to.iter_mut().zip(from).for_each(|(to, &x)| *to = f64::from(x));
        return;
    }
    for (to, from) in to.chunks_exact_mut(S::LANES).zip(from.chunks_exact(S::LANES)) {
        s.store(s.widen(s.load_f32(from)), to);
    }
    s.store(s.widen(s.load_f32(&from[count - S::LANES..])), &mut to[count - S::LANES..]);
}
