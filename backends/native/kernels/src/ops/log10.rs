//! log10(x), the logarithm to the base 10, rounded once: the natural one by [`crate::logarithm`], divided by log 10.
//!
//! log10(0) = -inf for either zero, log10(inf) = inf, and NaN below zero. A power of 10 has a number for its logarithm,
//! which every error within the bounds rounds to.

use crate::array::Array;
use crate::double::Double;
use crate::error::Result;
use crate::function::{self, Function, Rounded};
use crate::logarithm;
use crate::simd::Simd;

/// The function.
#[derive(Clone, Copy)]
pub struct Log10;

/// 1 / log 10 within 2^-106 of it.
const LOG10_E: Double = Double::new(std::f64::consts::LOG10_E, 1.098319650216765e-17);

impl Function for Log10 {
    /// That of the natural logarithm, a unit of the constant and one of the product.
    const BOUND: f64 = logarithm::BOUND + 2.5;

    const TOTAL: bool = true;

    /// Every positive binary32 number is a normal one of binary64.
    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        logarithm::or_limit(s, x, s.splat(0.0), s.mul(logarithm::log(s, x), s.splat(LOG10_E.hi)))
    }

    fn accurate(self, x: f32) -> Option<f32> {
        match x {
            0.0 => Some(f32::NEG_INFINITY),
            f32::INFINITY => Some(f32::INFINITY),
            _ if x < 0.0 || x.is_nan() => Some(f32::NAN),
            _ => (logarithm::log_double(Double::from(f64::from(x))) * LOG10_E).round(2.0 * logarithm::DOUBLE_BOUND),
        }
    }
}

/// RN of the logarithm to the base 10 of every element.
pub fn log10(x: &Array) -> Result<Rounded> {
    function::apply(Log10, x)
}
