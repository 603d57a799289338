//! tanh(x) = -m / (2 + m) with m = e^(-2|x|) - 1 in (-1, 0], and the sign of x; rounded once.

use crate::array::Array;
use crate::error::Result;
use crate::exponential::{self, DOUBLE_BOUND};
use crate::function::{self, Function, Rounded};
use crate::simd::Simd;

/// The function.
#[derive(Clone, Copy)]
pub struct Tanh;

impl Function for Tanh {
    /// A relative error of m is multiplied by 2 / (2 + m) <= 2: 2 * 31 units. The sum and the quotient add one each.
    const BOUND: f64 = 64.0;

    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        let m = exponential::expm1(s, s.mul(s.splat(-2.0), s.abs(x)));
        s.copysign(s.div(m, s.add(s.splat(2.0), m)), x)
    }

    fn accurate(self, x: f32) -> Option<f32> {
        match x {
            _ if x.is_nan() || x == 0.0 => Some(x),
            _ if x.abs() > 10.0 => Some(1f32.copysign(x)), // within 2 e^-20 < 2^-25, half an ulp of the numbers below 1
            _ => {
                let m = exponential::expm1_double((-2.0 * f64::from(x)).into());
                (-m / (m + 2.0)).round(4.0 * DOUBLE_BOUND)
            }
        }
    }
}

/// RN of tanh(x) at every element.
pub fn tanh(x: &Array) -> Result<Rounded> {
    function::apply(Tanh, x)
}
