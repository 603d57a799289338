//! How a function of one binary32 number is rounded once (contract N2.1).
//!
//! Its binary64 formula runs in vectors; where both ends of the interval that its error bound leaves round to the same
//! bits, that is the answer. The others, a few in a hundred million, are computed again by [`Function::accurate`].

use std::sync::Mutex;

use crate::array::Array;
use crate::environment;
use crate::error::Result;
use crate::simd::{Kernel, Pair, Simd, dispatch};
use crate::threads;

/// A function of one binary32 number.
pub trait Function: Copy + Send + Sync {
    /// Bounds the relative error of `binary64`, in units of 2^-53, at every level of [`Simd`].
    const BOUND: f64;

    /// Whether `binary64` is NaN only where the function is, so that nobody need look for NaN.
    const TOTAL: bool = false;

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
    let part = if from.len() < 2 * PART { from.len() } else { PART };
    in_parts(x.shape(), part, |start, to| dispatch(Stretch { f, from: &from[start..start + to.len()], to }))
}

/// An array whose parts `work` fills in on all threads; it is told where a part begins, and says which of its places are
/// undecided.
pub fn in_parts(
    shape: &[usize],
    part: usize,
    work: impl Fn(usize, &mut [f32]) -> Vec<usize> + Sync,
) -> Result<Rounded> {
    let undecided = Mutex::new(Vec::new());
    let array = Array::build(shape, |out: &mut [f32]| {
        threads::for_each_chunk(out, part, |start, out| {
            let left = environment::with_default(|| work(start, out));
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

/// Elements after which one looks whether some of them are undecided: often enough that few are computed again.
const BLOCK: usize = 256;

impl<F: Function> Kernel for Stretch<'_, F> {
    type Output = Vec<usize>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Vec<usize> {
        // The portable level's four lanes are two or four vectors already.
        if S::FUSED { self.by(Pair(Pair(s))) } else { self.by(s) }
    }
}

impl<F: Function> Stretch<'_, F> {
    #[inline(always)]
    fn by<S: Simd>(self, s: S) -> Vec<usize> {
        let mut undecided = Vec::new();
        let whole = self.from.len() / S::LANES * S::LANES;
        let (from, last_from) = self.from.split_at(whole);
        let (to, last_to) = self.to.split_at_mut(whole);
        for (i, (xs, ys)) in from.chunks(BLOCK).zip(to.chunks_mut(BLOCK)).enumerate() {
            if rounded(s, self.f, xs, ys) {
                settle(self.f, xs, ys, i * BLOCK, &mut undecided);
            }
        }
        if !last_from.is_empty() {
            let (mut xs, mut ys) = ([1.0f32; BLOCK], [0.0f32; BLOCK]);
            let n = last_from.len();
            xs[..n].copy_from_slice(last_from);
            if rounded(s, self.f, &xs[..S::LANES], &mut ys[..S::LANES]) {
                settle(self.f, &xs[..n], &mut ys[..n], whole, &mut undecided);
            }
            last_to.copy_from_slice(&ys[..n]);
        }
        undecided
    }
}

/// RN of the lower ends for whole vectors; whether some element is undecided.
#[inline(always)]
fn rounded<S: Simd, F: Function>(s: S, f: F, xs: &[f32], ys: &mut [f32]) -> bool {
    let zero = s.splat(0.0);
    let (mut unlike, mut lost) = (s.narrow(zero), s.lt(zero, zero));
    for (xs, ys) in xs.chunks_exact(S::LANES).zip(ys.chunks_exact_mut(S::LANES)) {
        let x = s.widen(s.load_f32(xs));
        let (low, high) = f.ends(s, x);
        let rounded = s.narrow(low);
        s.store_f32(rounded, ys);
        unlike = s.gather_unlike(unlike, rounded, s.narrow(high));
        if !F::TOTAL {
            // A NaN of a number is not a result; see `Function::binary64`.
            lost = s.or_mask(lost, s.and_mask(s.is_nan(low), s.eq(x, x)));
        }
    }
    s.any_bit(unlike) || (!F::TOTAL && s.any(lost))
}

/// The undecided elements of a block.
#[cold]
#[inline(never)]
fn settle<F: Function>(f: F, xs: &[f32], ys: &mut [f32], start: usize, undecided: &mut Vec<usize>) {
    let mut all = [1.0f32; BLOCK];
    all[..xs.len()].copy_from_slice(xs);
    let decided = dispatch(Decided { f, xs: &all });
    for i in (0..xs.len()).filter(|&i| !decided[i]) {
        match f.accurate(xs[i]) {
            Some(y) => ys[i] = y,
            None => undecided.push(start + i),
        }
    }
}

/// Whether both ends round to the same.
struct Decided<'a, F> {
    f: F,
    xs: &'a [f32; BLOCK],
}

impl<F: Function> Kernel for Decided<'_, F> {
    type Output = [bool; BLOCK];

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> [bool; BLOCK] {
        let mut decided = [false; BLOCK];
        for (xs, to) in self.xs.chunks_exact(S::LANES).zip(decided.chunks_exact_mut(S::LANES)) {
            let x = s.widen(s.load_f32(xs));
            let (low, high) = self.f.ends(s, x);
            let same = s.same_f32(s.narrow(low), s.narrow(high));
            let bits = s.bitmask(s.or_mask(s.is_nan(x), s.and_mask(same, s.eq(low, low))));
            for (i, to) in to.iter_mut().enumerate() {
                *to = bits >> i & 1 == 1;
            }
        }
        decided
    }
}

/// The ends of the interval of numbers that are off from `y` by at most `bound` units of 2^-53 relative to it.
///
/// Each errs by a unit in the product and by one in its factor. An infinite `y` stays as it is.
#[inline(always)]
pub fn ends<S: Simd>(s: S, y: S::F64, bound: f64) -> (S::F64, S::F64) {
    let radius = (bound + 2.0) * 2f64.powi(-53);
    (s.mul(y, s.splat(1.0 - radius)), s.mul(y, s.splat(1.0 + radius)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops;
    use crate::simd::Level;

    /// Vectors give what `accurate` does, at every level, on a sample of all binary32 numbers and on whole binades of
    /// tiny ones; on views too.
    fn vectors_agree<F: Function>(f: F) {
        let spread = (0..30_000).map(|i: u32| f32::from_bits(i.wrapping_mul(143_053)));
        let tiny = (0..2_000).flat_map(|i| [f32::from_bits(i), -f32::from_bits(0x0080_0000 + 3 * i)]);
        let ends = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, 0.0, -0.0];
        let usual = (0..30_000).map(|i| (i as f32 - 15_000.0) * 7.3e-3);
        let xs: Vec<f32> = spread.chain(tiny).chain(ends).chain(usual).collect();
        let array = Array::from_slice(&xs, &[xs.len()]).unwrap();
        let backwards = array.view(xs.len() - 1, array.shape().into(), [-1].as_slice().into());
        for level in Level::ALL.into_iter().filter(|&level| level <= Level::best()) {
            level.set().expect("the machine has it");
            let result = apply(f, &array).unwrap();
            let turned = apply(f, &backwards).unwrap().array.to_vec::<f32>();
            assert_eq!(result.undecided, []);
            for (i, (x, y)) in xs.iter().zip(result.array.to_vec::<f32>()).enumerate() {
                let want = f.accurate(*x).expect("decided");
                let name = std::any::type_name::<F>();
                assert!(y.to_bits() == want.to_bits() || (y.is_nan() && want.is_nan()), "{name} {level} {x:e}: {y:e}");
                let y = turned[xs.len() - 1 - i];
                assert!(y.to_bits() == want.to_bits() || (y.is_nan() && want.is_nan()), "{name} {level} {x:e}: {y:e}");
            }
        }
    }

    #[test]
    fn functions_agree_with_themselves_at_every_level() {
        vectors_agree(ops::exp::Exp);
        vectors_agree(ops::expm1::Expm1);
        vectors_agree(ops::gelu::Gelu);
        vectors_agree(ops::gelu_derivative::GeluDerivative);
        vectors_agree(ops::log::Log);
        vectors_agree(ops::log1p::Log1p);
        vectors_agree(ops::sigmoid::Sigmoid);
        vectors_agree(ops::sigmoid_derivative::SigmoidDerivative);
        vectors_agree(ops::softplus::Softplus);
        vectors_agree(ops::swish::Swish);
        vectors_agree(ops::swish_derivative::SwishDerivative);
        vectors_agree(ops::tanh::Tanh);
        vectors_agree(ops::tanh_derivative::TanhDerivative);
        vectors_agree(ops::rsqrt::Rsqrt);
        vectors_agree(ops::log10::Log10);
        vectors_agree(ops::log2::Log2);
        vectors_agree(ops::exp2::Exp2);
    }
}
