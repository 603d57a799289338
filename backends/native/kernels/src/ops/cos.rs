//! cos(x), the cosine of x radians, rounded once: in binary64 and double-double by [`crate::circular`].
//!
//! cos(0) = 1 for either zero, and NaN for an infinity.

use crate::array::Array;
use crate::circular;
use crate::error::Result;
use crate::function::{self, Function, Rounded};
use crate::simd::Simd;

/// The function.
#[derive(Clone, Copy)]
pub struct Cos;

impl Function for Cos {
    const BOUND: f64 = circular::BOUND;

    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        circular::cos(s, x)
    }

    fn accurate(self, x: f32) -> Option<f32> {
        match x {
            0.0 => Some(1.0),
            _ if !x.is_finite() => Some(f32::NAN),
            _ => circular::cos_double(x)?.round(circular::DOUBLE_BOUND),
        }
    }
}

/// RN of the cosine of every element.
pub fn cos(x: &Array) -> Result<Rounded> {
    function::apply(Cos, x)
}
