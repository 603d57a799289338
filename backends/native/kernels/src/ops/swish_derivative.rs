//! swish'(x) = s(x) + x s(x) s(-x), rounded once.

use crate::array::Array;
use crate::error::Result;
use crate::exponential::{self, DOUBLE_BOUND, slope};
use crate::function::{self, Function, Rounded};
use crate::simd::Simd;

/// The function.
#[derive(Clone, Copy)]
pub struct SwishDerivative;

impl Function for SwishDerivative {
    /// 130 + 1.2 * 109 units of e^-x. Beyond -109 the result is below 2^-150 in magnitude; above, e^-x is lost.
    const BOUND: f64 = slope::bound(261.0);

    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        self.ends(s, x).0
    }

    #[inline(always)]
    fn ends<S: Simd>(self, s: S, x: S::F64) -> (S::F64, S::F64) {
        // Beyond, |swish'(x) - 1| < x e^-x < 2^-25 and |swish'(x)| < |x| e^x < 2^-150.
        let x = s.min(s.splat(200.0), s.max(s.splat(-200.0), x));
        let e = exponential::exp2(s, s.mul(x, s.splat(-exponential::LOG2_E)));
        slope::ends(s, e, x, Self::BOUND)
    }

    fn accurate(self, x: f32) -> Option<f32> {
        let wide = f64::from(x);
        match x {
            _ if x.is_nan() => Some(x),
            _ if x > 200.0 => Some(1.0),
            _ if x < -200.0 => Some(-0.0),
            _ => slope::round(exponential::exp_double((-wide).into()), wide.into(), 4.0 * DOUBLE_BOUND),
        }
    }
}

/// RN of swish'(x) at every element.
pub fn swish_derivative(x: &Array) -> Result<Rounded> {
    function::apply(SwishDerivative, x)
}
