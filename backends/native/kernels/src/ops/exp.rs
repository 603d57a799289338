//! exp(x) = e^x, rounded once.

use crate::array::Array;
use crate::error::Result;
use crate::exponential::{self, DOUBLE_BOUND};
use crate::function::{self, Function, Rounded};
use crate::simd::Simd;

/// The function.
#[derive(Clone, Copy)]
pub struct Exp;

impl Function for Exp {
    /// `exponential::exp` within 130 + 1.2 * 104 units. Beyond 104 the result is below 2^-150 or above 2^128, whatever
    /// the error.
    const BOUND: f64 = 256.0;

    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        exponential::exp(s, x)
    }

    fn accurate(self, x: f32) -> Option<f32> {
        match x {
            _ if x.is_nan() => Some(x),
            _ if x > 89.0 => Some(f32::INFINITY), // e^89 > 2^128
            _ if x < -104.0 => Some(0.0),         // e^-104 < 2^-150
            _ => exponential::exp_double(f64::from(x).into()).round(DOUBLE_BOUND),
        }
    }
}

/// RN of e^x at every element.
pub fn exp(x: &Array) -> Result<Rounded> {
    function::apply(Exp, x)
}
