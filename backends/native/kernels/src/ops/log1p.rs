//! log1p(x) = log(1 + x), rounded once: in binary64 and double-double by [`crate::logarithm`].
//!
//! log1p(-0) = -0, log1p(-1) = -inf, log1p(inf) = inf, and NaN below -1.

use crate::array::Array;
use crate::double::Double;
use crate::error::Result;
use crate::function::{self, Function, Rounded};
use crate::logarithm;
use crate::simd::Simd;

/// The function.
#[derive(Clone, Copy)]
pub struct Log1p;

impl Function for Log1p {
    const BOUND: f64 = logarithm::BOUND;

    const TOTAL: bool = true;

    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        let y = s.copysign(logarithm::log1p(s, x), x); // a zero's sign
        logarithm::or_limit(s, x, s.splat(-1.0), y)
    }

    fn accurate(self, x: f32) -> Option<f32> {
        match x {
            -1.0 => Some(f32::NEG_INFINITY),
            0.0 | f32::INFINITY => Some(x), // with the sign of the zero
            _ if x < -1.0 || x.is_nan() => Some(f32::NAN),
            _ => logarithm::log1p_double(Double::from(f64::from(x))).round(logarithm::DOUBLE_BOUND),
        }
    }
}

/// RN of log(1 + x) at every element.
pub fn log1p(x: &Array) -> Result<Rounded> {
    function::apply(Log1p, x)
}
