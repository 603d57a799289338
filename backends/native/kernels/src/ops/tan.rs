//! tan(x), the tangent of x radians, rounded once: in binary64 and double-double by [`crate::circular`].
//!
//! tan(-0) = -0, and NaN for an infinity.

use crate::array::Array;
use crate::circular;
use crate::error::Result;
use crate::function::{self, Function, Rounded};
use crate::simd::Simd;

/// The function.
#[derive(Clone, Copy)]
pub struct Tan;

impl Function for Tan {
    const BOUND: f64 = circular::TAN_BOUND;

    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        circular::tan(s, x)
    }

    fn accurate(self, x: f32) -> Option<f32> {
        match x {
            0.0 => Some(x), // with its sign
            _ if !x.is_finite() => Some(f32::NAN),
            _ => circular::tan_double(x)?.round(circular::DOUBLE_BOUND),
        }
    }
}

/// RN of the tangent of every element.
pub fn tan(x: &Array) -> Result<Rounded> {
    function::apply(Tan, x)
}
