//! exp(x) = e^x, rounded once.

use crate::array::Array;
use crate::error::Result;
use crate::function::{self, Function, Rounded};
use crate::simd::Simd;

/// The function.
#[derive(Clone, Copy)]
pub struct Exp;

impl Function for Exp {
    const BOUND: f64 = 8.0;

    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        let _ = x;
        s.splat(f64::NAN)
    }

    fn accurate(self, x: f32) -> Option<f32> {
        let _ = x;
        None
    }
}

/// RN of e^x at every element.
pub fn exp(x: &Array) -> Result<Rounded> {
    function::apply(Exp, x)
}
