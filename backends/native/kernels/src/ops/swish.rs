//! swish(x) = x / (1 + e^-x), rounded once.
//!
//! At 0 it is x/2 + x^2/4 - ...: where x/2 is a midpoint, as for half of the subnormal x, the exact value lies above it,
//! but by less than binary64 can tell. There e^-x is taken at x = 2^-40 or -2^-40 instead, which moves the result up by
//! more than its bound, and not past anything else.

use crate::array::Array;
use crate::double::{Double, nearest};
use crate::error::Result;
use crate::exponential::{self, DOUBLE_BOUND};
use crate::function::{self, Function, Rounded};
use crate::simd::Simd;

/// Up to here RN of the exact value is that of x/2 moved up a hair: by less than |x| 2^-27, and so beside no other midpoint.
const TINY: f64 = 1.0 / (1u64 << 40) as f64;

/// The function.
#[derive(Clone, Copy)]
pub struct Swish;

impl Function for Swish {
    /// 130 + 1.2 * 109 units of e^-x, which the sum does not magnify, and one each of the sum and the quotient. Beyond
    /// -109 the result is below 2^-150 in magnitude; above, e^-x is lost in the sum. Up to `TINY` the two ends are
    /// x/2 (1 +- 2^-41) within 263 units of it, which are less than 2^-44: on one side of x/2.
    const BOUND: f64 = 263.0;

    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        // From -200 on |x| e^x falls with |x|, and is below 2^-150.
        let x = s.max(s.splat(-200.0), x);
        let away = s.copysign(s.max(s.splat(TINY), s.abs(x)), x);
        let e = exponential::exp2(s, s.mul(away, s.splat(-exponential::LOG2_E)));
        s.div(x, s.add(s.splat(1.0), e))
    }

    fn accurate(self, x: f32) -> Option<f32> {
        let wide = f64::from(x);
        match x {
            _ if x.is_nan() || x == 0.0 => Some(x),
            _ if x > 200.0 => Some(x),     // within x e^-200
            _ if x < -200.0 => Some(-0.0), // 200 e^-200 < 2^-150
            _ if wide.abs() < TINY => Some(nearest(wide / 2.0, wide * wide / 4.0)),
            _ => {
                let e = exponential::exp_double((-wide).into());
                (Double::from(wide) / (e + 1.0)).round(2.0 * DOUBLE_BOUND)
            }
        }
    }
}

/// RN of swish(x) at every element.
pub fn swish(x: &Array) -> Result<Rounded> {
    function::apply(Swish, x)
}
