//! add_n(*xs): the sum of any number of arrays, elementwise, rounded once.
//!
//! Of two it is one addition in binary32. More are added by TwoSum: where that finds no error, as is the rule with a few
//! binary32 numbers, the sum is exact. Else the errors are summed plainly, which errs by less than n u times the sum of
//! their magnitudes, with u = 2^-53; joining them with the sum, and each end of the interval, errs by u of the value.
//! What remains goes to [`crate::sums`], element by element.

use smallvec::SmallVec;

use crate::array::Array;
use crate::double::UNIT;
use crate::elementwise::broadcast_shape;
use crate::environment;
use crate::error::Result;
use crate::ops::broadcast_to::broadcast_to;
use crate::simd::{Kernel, Simd, dispatch};
use crate::sums::total;
use crate::threads;

/// Elements that are worth another thread.
const PART: usize = 1 << 16;

/// RN of the exact sums of one array or more, which broadcast against each other.
pub fn add_n(xs: &[&Array]) -> Result<Array> {
    let shape = broadcast_shape(xs)?;
    let spread = xs
        .iter()
        .map(|x| broadcast_to(x.of::<f32>()?, &shape)?.contiguous())
        .collect::<Result<SmallVec<[Array; 4]>>>()?;
    let operands: SmallVec<[&[f32]; 4]> = spread.iter().map(|x| x.as_slice().expect("made contiguous")).collect();
    Array::build(&shape, |out: &mut [f32]| {
        let part = if out.len() < 2 * PART { out.len() } else { PART };
        threads::for_each_chunk(out, part, |start, out| {
            let operands: SmallVec<[&[f32]; 4]> = operands.iter().map(|x| &x[start..start + out.len()]).collect();
            environment::with_default(|| dispatch(Sums { operands: &operands, out }));
        });
    })
}

struct Sums<'a> {
    operands: &'a [&'a [f32]],
    out: &'a mut [f32],
}

impl Kernel for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Sums { operands, out } = self;
        // The last addition makes +0 of the zeros.
        match operands {
            [x] => {
                for (to, &x) in out.iter_mut().zip(*x) {
                    *to = x + 0.0;
                }
            }
            [x, y] => {
                for ((to, &x), &y) in out.iter_mut().zip(*x).zip(*y) {
                    *to = x + y + 0.0;
                }
            }
            _ => many(s, operands, out),
        }
    }
}

#[inline(always)]
fn many<S: Simd>(s: S, operands: &[&[f32]], out: &mut [f32]) {
    let (zero, infinity) = (s.splat(0.0), s.splat(f64::INFINITY));
    let of_errors = s.splat((operands.len() + 2) as f64 * UNIT);
    let of_value = s.splat(4.0 * UNIT);
    let whole = out.len() / S::LANES * S::LANES;
    for i in (0..whole).step_by(S::LANES) {
        let mut sum = s.add(zero, s.widen(s.load_f32(&operands[0][i..])));
        let (mut errors, mut sizes) = (zero, zero);
        for operand in &operands[1..] {
            let (next, error) = s.two_sum(sum, s.widen(s.load_f32(&operand[i..])));
            sum = next;
            errors = s.add(errors, error);
            sizes = s.add(sizes, s.abs(error));
        }
        // Infinities make NaN of the errors: the sum is right there.
        let inexact = s.and_mask(s.not_mask(s.eq(sizes, zero)), s.lt(s.abs(sum), infinity));
        if !s.any(inexact) {
            s.store_f32(s.narrow(sum), &mut out[i..]);
            continue;
        }
        let value = s.select(inexact, s.add(sum, errors), sum);
        let bound = s.fma(sizes, of_errors, s.mul(s.abs(value), of_value));
        let bound = s.select(inexact, bound, zero);
        let (low, high) = (s.narrow(s.sub(value, bound)), s.narrow(s.add(value, bound)));
        s.store_f32(low, &mut out[i..]);
        let open = s.bitmask(s.not_mask(s.same_f32(low, high)));
        if open != 0 {
            for lane in (0..S::LANES).filter(|lane| open >> lane & 1 == 1) {
                out[i + lane] = one(operands, i + lane);
            }
        }
    }
    for (i, to) in out.iter_mut().enumerate().skip(whole) {
        *to = one(operands, i);
    }
}

#[inline(never)]
fn one(operands: &[&[f32]], i: usize) -> f32 {
    let terms: SmallVec<[f32; 16]> = operands.iter().map(|operand| operand[i]).collect();
    total(&terms)
}
