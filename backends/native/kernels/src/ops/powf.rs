//! powf(x, y) = x^y, elementwise and broadcast, rounded once: e^(y log x), see [`crate::power`].
//!
//! One exponent for all elements that is an int32 is `powi`'s, and a half a square root's.

use smallvec::SmallVec;

use crate::array::{Array, Shape, Strides};
use crate::error::{Error, Result};
use crate::function::Rounded;
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
    let shape = common(x.shape(), y.shape())?;
    if y.size() == 1 {
        let exponent = y.to_vec::<f32>()[0];
        if exponent == exponent.floor() && exponent.abs() < 2f32.powi(31) {
            return powi::shaped(x, exponent as i32, &shape);
        }
        let x = x.contiguous()?;
        let (x, y) = (Operand::Numbers(x.as_slice().expect("made contiguous")), Operand::Number(exponent.into()));
        return if exponent == 0.5 { power::apply(Root, x, y, &shape) } else { power::apply(General, x, y, &shape) };
    }
    let y = spread(y, &shape)?;
    let y = Operand::Numbers(y.as_slice().expect("made contiguous"));
    if x.size() == 1 {
        let base = x.to_vec::<f32>()[0];
        return power::apply(General, Operand::Number(base.into()), y, &shape);
    }
    let x = spread(x, &shape)?;
    power::apply(General, Operand::Numbers(x.as_slice().expect("made contiguous")), y, &shape)
}

/// The shape of two operands that are broadcast against each other.
fn common(x: &[usize], y: &[usize]) -> Result<Shape> {
    let axes = x.len().max(y.len());
    let length = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(axes).map_or(1, |i| shape[i]);
    (0..axes)
        .map(|axis| match (length(x, axis), length(y, axis)) {
            (1, n) | (n, 1) => Ok(n),
            (n, m) if n == m => Ok(n),
            (n, m) => Err(Error::Operands(format!("powf: axis {axis} has lengths {n} and {m}"))),
        })
        .collect()
}

/// The elements of `x` broadcast to `shape`, side by side.
fn spread(x: &Array, shape: &[usize]) -> Result<Array> {
    if x.shape() == shape {
        return x.contiguous();
    }
    let more = shape.len() - x.shape().len();
    let mut strides: Strides = SmallVec::from_elem(0, shape.len());
    for (i, (&n, &stride)) in x.shape().iter().zip(x.strides()).enumerate() {
        strides[more + i] = if n == 1 { 0 } else { stride };
    }
    x.view(x.offset(), shape.into(), strides).contiguous()
}
