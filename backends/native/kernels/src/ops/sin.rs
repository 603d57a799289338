//! sin(x), the sine of x radians, rounded once: in binary64 and double-double by [`crate::circular`].
//!
//! sin(-0) = -0, and NaN for an infinity.

use crate::array::Array;
use crate::circular;
use crate::error::Result;
use crate::function::{self, Function, Rounded};
use crate::simd::Simd;

/// The function.
#[derive(Clone, Copy)]
pub struct Sin;

impl Function for Sin {
    const BOUND: f64 = circular::BOUND;

    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        circular::sin(s, x)
    }

    fn accurate(self, x: f32) -> Option<f32> {
        match x {
            0.0 => Some(x), // with its sign
            _ if !x.is_finite() => Some(f32::NAN),
            _ => circular::sin_double(x)?.round(circular::DOUBLE_BOUND),
        }
    }
}

/// RN of the sine of every element.
pub fn sin(x: &Array) -> Result<Rounded> {
    function::apply(Sin, x)
}
