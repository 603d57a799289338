//! softplus(x) = log(1 + e^x), rounded once: max(x, 0) + log1p(e^-|x|), as log(1 + e^x) = x + log(1 + e^-x).
//!
//! softplus(-inf) = +0, softplus(inf) = inf.

use crate::array::Array;
use crate::double::Double;
use crate::error::Result;
use crate::exponential::{self, exp, exp_double};
use crate::function::{self, Function, Rounded};
use crate::logarithm::{self, log1p_double, log1p_of_fraction};
use crate::simd::Simd;

/// The function.
#[derive(Clone, Copy)]
pub struct Softplus;

/// Below, e^x is less than 2^-151.
const LOWEST: f64 = -105.0;

impl Function for Softplus {
    /// The exponential errs by 130 + 1.2 |x| units, and log1p does not magnify that, as e / ((1 + e) log(1 + e)) <= 1.
    /// Above 0, e^-|x| |x| is less than 0.54 of the result; below -105, all that is possible rounds to +0.
    const BOUND: f64 = 130.0 + 1.2 * -LOWEST + logarithm::BOUND + 2.0;

    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        let power = exp(s, s.neg(s.abs(x)));
        s.add(s.max(x, s.splat(0.0)), log1p_of_fraction(s, power))
    }

    fn accurate(self, x: f32) -> Option<f32> {
        let x = f64::from(x);
        if x.is_nan() || x == f64::INFINITY {
            return Some(x as f32);
        }
        if x < LOWEST {
            return Some(0.0);
        }
        let log = log1p_double(exp_double(Double::from(-x.abs())));
        // The exponential's error and the logarithm's, and 3 u^2 of the sum.
        (log + x.max(0.0)).round(exponential::DOUBLE_BOUND + 2.0 * logarithm::DOUBLE_BOUND)
    }
}

/// RN of log(1 + e^x) at every element.
pub fn softplus(x: &Array) -> Result<Rounded> {
    function::apply(Softplus, x)
}
