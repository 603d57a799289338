//! How a function of one binary32 number is rounded once (contract N2.1).
//!
//! Its binary64 formula runs in vectors; where both ends of the interval that its error bound leaves round to the same
//! bits, that is the answer. The others, a few in a hundred million, are computed again by [`Function::accurate`].

use std::sync::Mutex;

use crate::array::Array;
use crate::environment;
use crate::error::Result;
use crate::simd::{Kernel, Simd, dispatch};
use crate::threads;

/// A function of one binary32 number.
pub trait Function: Copy + Send + Sync {
    /// Bounds the relative error of `binary64`, in units of 2^-53, at every level of [`Simd`].
    const BOUND: f64;

    /// The function in binary64, for every argument, infinite ones and NaN included; mark it `#[inline(always)]`.
    ///
    /// Where the bound cannot hold (the result is 0 and the exact value is not, say), NaN for an argument that is not
    /// NaN sends the element to `accurate`.
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64;

    /// Two numbers between which the function lies, whose magnitudes are right to a unit of 2^-53: those that `BOUND`
    /// leaves around `binary64`, unless a function whose terms cancel says otherwise.
    #[inline(always)]
    fn ends<S: Simd>(self, s: S, x: S::F64) -> (S::F64, S::F64) {
        ends(s, self.binary64(s, x), Self::BOUND)
    }

    /// RN of the function at any argument, beyond doubt; `None` leaves it to the caller's definition.
    fn accurate(self, x: f32) -> Option<f32>;
}

/// An array, and where its elements are not final: RN could not be decided there, in row-major order.
#[derive(Clone, Debug)]
pub struct Rounded {
    /// The result; of undecided elements, some neighbour of it.
    pub array: Array,
    /// The undecided elements' places.
    pub undecided: Vec<usize>,
}

impl From<Array> for Rounded {
    fn from(array: Array) -> Rounded {
        Rounded { array, undecided: Vec::new() }
    }
}

/// Elements that one thread takes at a time: enough to be worth handing over, few enough to stay in its cache.
const PART: usize = 1 << 14;

/// RN of `f` at every element.
pub fn apply<F: Function>(f: F, x: &Array) -> Result<Rounded> {
    let x = x.contiguous()?;
    let from = x.as_slice::<f32>().expect("made contiguous");
    let undecided = Mutex::new(Vec::new());
    let array = Array::build(x.shape(), |out: &mut [f32]| {
        let part = if out.len() < 2 * PART { out.len() } else { PART };
        threads::for_each_chunk(out, part, |start, chunk| {
            let left = environment::with_default(|| {
                dispatch(Stretch { f, from: &from[start..start + chunk.len()], to: chunk })
            });
            if !left.is_empty() {
                undecided.lock().expect("no panic while it is held").extend(left.iter().map(|place| start + place));
            }
        });
    })?;
    let mut undecided = undecided.into_inner().expect("no panic while it is held");
    undecided.sort_unstable();
    Ok(Rounded { array, undecided })
}

/// One stretch of elements at one level; the places that remain undecided.
struct Stretch<'a, F> {
    f: F,
    from: &'a [f32],
    to: &'a mut [f32],
}

/// Vectors that are computed side by side, so that the latency of one is hidden behind the others.
const ABREAST: usize = 2;

/// Room for as many lanes as any level has abreast.
const MOST: usize = 32;

impl<F: Function> Kernel for Stretch<'_, F> {
    type Output = Vec<usize>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Vec<usize> {
        let width = ABREAST * S::LANES;
        let mut undecided = Vec::new();
        let whole = self.from.len() / width * width;
        let (from, last_from) = self.from.split_at(whole);
        let (to, last_to) = self.to.split_at_mut(whole);
        for (i, (xs, ys)) in from.chunks_exact(width).zip(to.chunks_exact_mut(width)).enumerate() {
            let open = group(s, self.f, xs, ys);
            if open != 0 {
                settle(self.f, open, xs, ys, i * width, &mut undecided);
            }
        }
        if !last_from.is_empty() {
            let (mut xs, mut ys) = ([1.0f32; MOST], [0.0f32; MOST]);
            xs[..last_from.len()].copy_from_slice(last_from);
            let open = group(s, self.f, &xs[..width], &mut ys[..width]) & ((1 << last_from.len()) - 1);
            if open != 0 {
                settle(self.f, open, &xs, &mut ys, whole, &mut undecided);
            }
            last_to.copy_from_slice(&ys[..last_to.len()]);
        }
        undecided
    }
}

/// `ABREAST` vectors; a bit is set for each element that is undecided.
#[inline(always)]
fn group<S: Simd, F: Function>(s: S, f: F, xs: &[f32], ys: &mut [f32]) -> u32 {
    let mut open = 0;
    for i in 0..ABREAST {
        let x = s.widen(s.load_f32(&xs[i * S::LANES..]));
        let (low, high) = f.ends(s, x);
        let rounded = s.narrow(low);
        let decided = s.same_f32(rounded, s.narrow(high));
        s.store_f32(rounded, &mut ys[i * S::LANES..]);
        // A NaN of a number is not a result; see `Function::binary64`.
        let lost = s.and_mask(s.is_nan(low), s.not_mask(s.is_nan(x)));
        open |= s.bitmask(s.or_mask(s.not_mask(decided), lost)) << (i * S::LANES);
    }
    open
}

/// RN of every number that is off from `y` by at most `bound` units of 2^-53 relative to it, and where that is one.
#[inline(always)]
pub fn round<S: Simd>(s: S, y: S::F64, bound: f64) -> (S::F32, S::Mask) {
    let (low, high) = ends(s, y, bound);
    let low = s.narrow(low);
    (low, s.same_f32(low, s.narrow(high)))
}

/// The ends of the interval of numbers that are off from `y` by at most `bound` units of 2^-53 relative to it.
///
/// Each errs by a unit in the product and by one in its factor. An infinite `y` stays as it is.
#[inline(always)]
pub fn ends<S: Simd>(s: S, y: S::F64, bound: f64) -> (S::F64, S::F64) {
    let radius = (bound + 2.0) * 2f64.powi(-53);
    (s.mul(y, s.splat(1.0 - radius)), s.mul(y, s.splat(1.0 + radius)))
}

#[cold]
#[inline(never)]
fn settle<F: Function>(f: F, open: u32, xs: &[f32], ys: &mut [f32], start: usize, undecided: &mut Vec<usize>) {
    for i in (0..u32::BITS as usize).filter(|i| open >> i & 1 == 1) {
        match f.accurate(xs[i]) {
            Some(y) => ys[i] = y,
            None => undecided.push(start + i),
        }
    }
}
