//! exp2(x) = 2^x, rounded once.

use crate::array::Array;
use crate::double::Double;
use crate::error::Result;
use crate::exponential::{self, DOUBLE_BOUND};
use crate::function::{self, Function, Rounded};
use crate::simd::Simd;

/// The function.
#[derive(Clone, Copy)]
pub struct Exp2;

/// log 2 within 2^-109 of it.
const LN_2: Double = Double::new(std::f64::consts::LN_2, 2.3190468138462996e-17);

impl Function for Exp2 {
    /// `exponential::exp2` within 128 units. Beyond 150 the result is below 2^-150 or above 2^128, whatever the error.
    const BOUND: f64 = 128.0;
    const TOTAL: bool = true;

    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        exponential::exp2(s, x)
    }

    /// x log 2 errs by 4 u^2, which are multiplied by |x log 2| <= 104: less than 2^-97, with those of the exponential.
    fn accurate(self, x: f32) -> Option<f32> {
        match x {
            _ if x.is_nan() => Some(x),
            _ if x >= 128.0 => Some(f32::INFINITY),
            _ if x < -150.0 => Some(0.0),
            _ if x == x.round() => Some(2f64.powi(x as i32) as f32), // 2^-150 is a tie
            _ => exponential::exp_double(LN_2 * f64::from(x)).round(4.0 * DOUBLE_BOUND),
        }
    }
}

/// RN of 2^x at every element.
pub fn exp2(x: &Array) -> Result<Rounded> {
    function::apply(Exp2, x)
}
