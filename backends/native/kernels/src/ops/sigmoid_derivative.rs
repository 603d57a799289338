//! sigmoid'(x) = s(x) s(-x) = e / (1 + e)^2 with e = e^-|x| in (0, 1], rounded once.

use crate::array::Array;
use crate::error::Result;
use crate::exponential::{self, DOUBLE_BOUND};
use crate::function::{self, Function, Rounded};
use crate::simd::Simd;

/// The function.
#[derive(Clone, Copy)]
pub struct SigmoidDerivative;

impl Function for SigmoidDerivative {
    /// A relative error of e is multiplied by (1 - e) / (1 + e) <= 1: 130 + 1.2 * 104 units. The sum counts twice, its
    /// square and the quotient once each: 4 more. Beyond 104 the result is below 2^-150, whatever the error.
    const BOUND: f64 = 260.0;

    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        let e = exponential::exp2(s, s.mul(s.abs(x), s.splat(-exponential::LOG2_E)));
        let sum = s.add(s.splat(1.0), e);
        s.div(e, s.mul(sum, sum))
    }

    fn accurate(self, x: f32) -> Option<f32> {
        match x.abs() {
            x if x.is_nan() => Some(x),
            x if x > 104.0 => Some(0.0), // e^-104 < 2^-150
            x => {
                let e = exponential::exp_double((-f64::from(x)).into());
                let sum = e + 1.0;
                (e / (sum * sum)).round(2.0 * DOUBLE_BOUND)
            }
        }
    }
}

/// RN of sigmoid'(x) at every element.
pub fn sigmoid_derivative(x: &Array) -> Result<Rounded> {
    function::apply(SigmoidDerivative, x)
}
