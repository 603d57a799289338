//! tanh'(x) = 1 - tanh(x)^2 = 4 e / (1 + e)^2 with e = e^(-2|x|) in (0, 1], rounded once.

use crate::array::Array;
use crate::error::Result;
use crate::exponential::{self, DOUBLE_BOUND};
use crate::function::{self, Function, Rounded};
use crate::simd::Simd;

/// The function.
#[derive(Clone, Copy)]
pub struct TanhDerivative;

impl Function for TanhDerivative {
    /// A relative error of e is multiplied by (1 - e) / (1 + e) <= 1: 130 + 1.2 * 106 units. The sum counts twice, its
    /// square and the quotient once each: 4 more. Beyond |x| = 53 the result is below 2^-150, whatever the error.
    const BOUND: f64 = 262.0;

    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        let e = exponential::exp2(s, s.mul(s.abs(x), s.splat(-2.0 * exponential::LOG2_E)));
        let half = s.mul(s.splat(0.5), s.add(s.splat(1.0), e));
        s.div(e, s.mul(half, half))
    }

    fn accurate(self, x: f32) -> Option<f32> {
        match x.abs() {
            x if x.is_nan() => Some(x),
            x if x > 53.0 => Some(0.0), // 4 e^-106 < 2^-150
            x => {
                let e = exponential::exp_double((-2.0 * f64::from(x)).into());
                let sum = e + 1.0;
                (e.scale(2) / (sum * sum)).round(2.0 * DOUBLE_BOUND)
            }
        }
    }
}

/// RN of tanh'(x) at every element.
pub fn tanh_derivative(x: &Array) -> Result<Rounded> {
    function::apply(TanhDerivative, x)
}
