//! sigmoid(x) = 1 / (1 + e^-x), rounded once.

use crate::array::Array;
use crate::double::Double;
use crate::error::Result;
use crate::exponential::{self, DOUBLE_BOUND};
use crate::function::{self, Function, Rounded};
use crate::simd::Simd;

/// The function.
#[derive(Clone, Copy)]
pub struct Sigmoid;

impl Function for Sigmoid {
    /// 130 + 1.2 * 104 units of e^-x, which the sum does not magnify, and one each of the sum and the quotient. Beyond
    /// -104 the result is below 2^-150; above, e^-x is lost in the sum.
    const BOUND: f64 = 258.0;

    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        let one = s.splat(1.0);
        let e = exponential::exp2(s, s.mul(x, s.splat(-exponential::LOG2_E)));
        s.div(one, s.add(one, e))
    }

    fn accurate(self, x: f32) -> Option<f32> {
        match x {
            _ if x.is_nan() => Some(x),
            _ if x > 20.0 => Some(1.0), // within e^-20 < 2^-25, half an ulp of the numbers below 1
            _ if x < -104.0 => Some(0.0), // e^-104 < 2^-150
            _ => {
                let e = exponential::exp_double((-f64::from(x)).into());
                (Double::from(1.0) / (e + 1.0)).round(2.0 * DOUBLE_BOUND)
            }
        }
    }
}

/// RN of sigmoid(x) at every element.
pub fn sigmoid(x: &Array) -> Result<Rounded> {
    function::apply(Sigmoid, x)
}
