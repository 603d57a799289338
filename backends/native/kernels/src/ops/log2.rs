//! log2(x), the logarithm to the base 2, rounded once: log x times 1 / log 2.
//!
//! log2(0) = -inf for either zero, log2(inf) = inf, and NaN below zero. Where it is an integer, both ends of the interval
//! round to that.

use crate::array::Array;
use crate::double::Double;
use crate::error::Result;
use crate::function::{self, Function, Rounded};
use crate::logarithm;
use crate::simd::Simd;

/// 1 / log 2, within 2^-109 of it.
const SCALE: Double = Double::new(std::f64::consts::LOG2_E, 2.0355273740931033e-17);

/// The function.
#[derive(Clone, Copy)]
pub struct Log2;

impl Function for Log2 {
    /// The constant and the product err by a unit each.
    const BOUND: f64 = logarithm::BOUND + 3.0;

    const TOTAL: bool = true;

    /// Every positive binary32 number is a normal one of binary64.
    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        let scaled = s.mul(logarithm::log(s, x), s.splat(SCALE.hi));
        logarithm::or_limit(s, x, s.splat(0.0), scaled)
    }

    /// The product adds 6 u^2.
    fn accurate(self, x: f32) -> Option<f32> {
        match x {
            0.0 => Some(f32::NEG_INFINITY),
            1.0 => Some(0.0),
            f32::INFINITY => Some(f32::INFINITY),
            _ if x < 0.0 || x.is_nan() => Some(f32::NAN),
            _ => (logarithm::log_double(Double::from(f64::from(x))) * SCALE).round(2.0 * logarithm::DOUBLE_BOUND),
        }
    }
}

/// RN of the logarithm of every element.
pub fn log2(x: &Array) -> Result<Rounded> {
    function::apply(Log2, x)
}
