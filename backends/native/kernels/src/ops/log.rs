//! log(x), the natural logarithm, rounded once: in binary64 and double-double by [`crate::logarithm`].
//!
//! log(0) = -inf for either zero, log(inf) = inf, and NaN below zero.

use crate::array::Array;
use crate::double::Double;
use crate::error::Result;
use crate::function::{self, Function, Rounded};
use crate::logarithm;
use crate::simd::Simd;

/// The function.
#[derive(Clone, Copy)]
pub struct Log;

impl Function for Log {
    const BOUND: f64 = logarithm::BOUND;

    const TOTAL: bool = true;

    /// Every positive binary32 number is a normal one of binary64.
    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        logarithm::or_limit(s, x, s.splat(0.0), logarithm::log(s, x))
    }

    fn accurate(self, x: f32) -> Option<f32> {
        match x {
            0.0 => Some(f32::NEG_INFINITY),
            f32::INFINITY => Some(f32::INFINITY),
            _ if x < 0.0 || x.is_nan() => Some(f32::NAN),
            _ => logarithm::log_double(Double::from(f64::from(x))).round(logarithm::DOUBLE_BOUND),
        }
    }
}

/// RN of the logarithm of every element.
pub fn log(x: &Array) -> Result<Rounded> {
    function::apply(Log, x)
}
