//! powf(x, y) = x^y, elementwise and broadcast, rounded once: e^(y log x), see [`crate::power`].
//!
//! One exponent for all elements that is an int32 is `powi`'s, and a half a square root's.

use crate::array::Array;
use crate::elementwise::broadcast_shape;
use crate::environment;
use crate::error::Result;
use crate::function::Rounded;
use crate::ops::broadcast_to::broadcast_to;
use crate::ops::powi;
use crate::power::{self, General, Operand, Power};
use crate::simd::Simd;

/// x^(1/2): binary64 has the bits for a square root to be rounded twice (53 >= 2 * 24 + 2). Of -0 it is +0; -inf, which
/// has +inf, becomes NaN and goes to [`power::element`].
#[derive(Clone, Copy)]
struct Root;

impl Power for Root {
    #[inline(always)]
    fn ends<S: Simd>(self, s: S, x: S::F64, _: S::F64) -> (S::F64, S::F64) {
        let power = s.sqrt(s.add(x, s.splat(0.0)));
        (power, power)
    }
}

/// RN of x^y at every element of the two, broadcast against each other.
pub fn powf(x: &Array, y: &Array) -> Result<Rounded> {
    let shape = broadcast_shape(&[x.of::<f32>()?, y.of::<f32>()?])?;
    if y.size() == 1 {
        let exponent = number(y);
        if exponent == exponent.floor() && exponent.abs() < 2f64.powi(31) {
            return powi::shaped(x, exponent as i32, &shape);
        }
        let x = x.contiguous()?;
        let (x, y) = (Operand::Numbers(x.as_slice().expect("made contiguous")), Operand::Number(exponent));
        return if exponent == 0.5 { power::apply(Root, x, y, &shape) } else { power::apply(General, x, y, &shape) };
    }
    let y = broadcast_to(y, &shape)?.contiguous()?;
    let y = Operand::Numbers(y.as_slice().expect("made contiguous"));
    if x.size() == 1 {
        return power::apply(General, Operand::Number(number(x)), y, &shape);
    }
    let x = broadcast_to(x, &shape)?.contiguous()?;
    power::apply(General, Operand::Numbers(x.as_slice().expect("made contiguous")), y, &shape)
}

/// The one element of `x`, which may be subnormal: where those count as zeros, it would be widened to 0.
fn number(x: &Array) -> f64 {
    environment::with_default(|| f64::from(x.to_vec::<f32>()[0]))
}
