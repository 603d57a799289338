//! expm1(x) = e^x - 1, rounded once.

use crate::array::Array;
use crate::error::Result;
use crate::exponential::{self, DOUBLE_BOUND};
use crate::function::{self, Function, Rounded};
use crate::simd::Simd;

/// The function.
#[derive(Clone, Copy)]
pub struct Expm1;

impl Function for Expm1 {
    /// `exponential::expm1` within 30 + 4 * 89 units. Beyond 89 the result is above 2^128, whatever the error.
    const BOUND: f64 = 386.0;

    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        let bounded = s.min(s.splat(200.0), x);
        // The difference of equal numbers, which it is at zero, would be +0.
        s.copysign(exponential::expm1(s, bounded), x)
    }

    fn accurate(self, x: f32) -> Option<f32> {
        match x {
            _ if x.is_nan() || x == 0.0 => Some(x),
            _ if x > 89.0 => Some(f32::INFINITY), // e^89 > 2^128 + 1
            _ if x < -18.0 => Some(-1.0),         // e^-18 < 2^-25, half an ulp of the numbers above -1
            _ => exponential::expm1_double(f64::from(x).into()).round(DOUBLE_BOUND),
        }
    }
}

/// RN of e^x - 1 at every element.
pub fn expm1(x: &Array) -> Result<Rounded> {
    function::apply(Expm1, x)
}
