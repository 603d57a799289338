//! exp2(x) = 2^x, rounded once.

use crate::array::Array;
use crate::double::Double;
use crate::error::Result;
use crate::exponential::{self, DOUBLE_BOUND};
use crate::function::{self, Function, Rounded};
use crate::simd::Simd;

/// log 2, within 2^-109 of it.
const LN2: Double = Double::new(std::f64::consts::LN_2, 2.3190468138462996e-17);

/// The function.
#[derive(Clone, Copy)]
pub struct Exp2;

impl Function for Exp2 {
    /// That of `exponential::exp2`, which holds wherever the result is neither below 2^-150 nor above 2^128.
    const BOUND: f64 = 128.0;
    const TOTAL: bool = true;

    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        exponential::exp2(s, x)
    }

    /// x log 2 errs by 6 u^2 of itself, which is less than 105: by 2^-96.
    fn accurate(self, x: f32) -> Option<f32> {
        match x {
            _ if x.is_nan() => Some(x),
            _ if x >= 128.0 => Some(f32::INFINITY),
            _ if x <= -150.0 => Some(0.0), // at -150 it is a tie
            _ => exponential::exp_double(LN2 * f64::from(x)).round(8.0 * DOUBLE_BOUND),
        }
    }
}

/// RN of 2^x at every element.
pub fn exp2(x: &Array) -> Result<Rounded> {
    function::apply(Exp2, x)
}
