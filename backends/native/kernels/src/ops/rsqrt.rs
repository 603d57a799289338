//! rsqrt(x) = 1 / sqrt(x), rounded once.
//!
//! rsqrt(0) = inf and rsqrt(-0) = -inf, rsqrt(inf) = 0, and NaN below zero. No midpoint of binary32 numbers is such a root.

use crate::array::Array;
use crate::double::{Double, UNIT};
use crate::error::Result;
use crate::function::{self, Function, Rounded};
use crate::simd::Simd;

/// The function.
#[derive(Clone, Copy)]
pub struct Rsqrt;

impl Function for Rsqrt {
    /// A unit each of the root and of the quotient, both of normal numbers.
    const BOUND: f64 = 3.0;
    const TOTAL: bool = true;

    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        s.div(s.splat(1.0), s.sqrt(x))
    }

    /// 4 u^2 of the root, 15 of the quotient. With a midpoint m, 1 - m^2 x is at least 2^-75.
    fn accurate(self, x: f32) -> Option<f32> {
        match x {
            0.0 => Some(x.recip()),
            f32::INFINITY => Some(0.0),
            _ if x < 0.0 || x.is_nan() => Some(f32::NAN),
            _ => (Double::from(1.0) / Double::from(f64::from(x)).sqrt()).round(20.0 * UNIT * UNIT),
        }
    }
}

/// RN of 1 / sqrt(x) at every element.
pub fn rsqrt(x: &Array) -> Result<Rounded> {
    function::apply(Rsqrt, x)
}
