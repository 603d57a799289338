//! gelu(x) = x / (1 + e^-v) with v = 2 sqrt(2/pi) (x + 0.044715 x^3), rounded once.
//!
//! That is x/2 (1 + tanh(v/2)) without its cancellation. At 0 it is x/2 + x v/4 - ...: where x/2 is a midpoint, as for half
//! of the subnormal x, the exact value lies above it, but by less than binary64 can tell. There e^-v is taken at an x of
//! 2^-40 or -2^-40 instead, which moves the result up by more than its bound, and not past anything else.

use crate::array::Array;
use crate::double::{Double, nearest};
use crate::error::Result;
use crate::exponential::{self, DOUBLE_BOUND};
use crate::function::{self, Function, Rounded};
use crate::simd::Simd;

/// Up to here RN of the exact value is that of x/2 moved up a hair: by less than |x| 2^-27, and so beside no other midpoint.
const TINY: f64 = 1.0 / (1u64 << 40) as f64;

/// 2 sqrt(2/pi), and that times 0.044715: off by less than 2^-106 of them.
const SCALE: Double = Double::new(1.5957691216057308, -9.96930880911092e-17);
const CUBIC: Double = Double::new(0.07135481627260025, -6.175149918155315e-19);

/// The same times -log2(e), rounded: a unit of 2^-53 at most.
const SCALE_2: f64 = -2.3022081981443248;
const CUBIC_2: f64 = -0.1029432395800235;

/// The function.
#[derive(Clone, Copy)]
pub struct Gelu;

impl Function for Gelu {
    /// v has a relative error of 4 units: x^2 is exact, and there are two constants, of which one matters less, two
    /// products and a sum. Up to |v| = 112 that is 448 units of e^-v, to which exp2 adds 128; the sum magnifies nothing
    /// and adds one, as does the quotient. Beyond, the result is below 2^-150 in magnitude, or e^-v is lost in the sum. Up
    /// to `TINY` the two ends are x/2 (1 +- 2^-41) or further from x/2, within 580 units, which are less than 2^-43: on
    /// one side of x/2.
    const BOUND: f64 = 580.0;

    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        // From -12 on |x| e^v falls with |x|, and is below 2^-150.
        let x = s.max(s.splat(-12.0), x);
        let away = s.copysign(s.max(s.splat(TINY), s.abs(x)), x);
        let t = s.mul(away, s.fma(s.mul(x, x), s.splat(CUBIC_2), s.splat(SCALE_2)));
        s.div(x, s.add(s.splat(1.0), exponential::exp2(s, t)))
    }

    fn accurate(self, x: f32) -> Option<f32> {
        let wide = f64::from(x);
        match x {
            _ if x.is_nan() || x == 0.0 => Some(x),
            _ if x > 12.0 => Some(x),     // within x e^-142
            _ if x < -12.0 => Some(-0.0), // 12 e^-142 < 2^-150
            _ if wide.abs() < TINY => Some(nearest(wide / 2.0, wide * wide * (SCALE.hi / 4.0))),
            _ => {
                // 8 u^2 of v, which is 142 at most, and few more.
                let v = (CUBIC * (wide * wide) + SCALE) * wide;
                (Double::from(wide) / (exponential::exp_double(-v) + 1.0)).round(16.0 * DOUBLE_BOUND)
            }
        }
    }
}

/// RN of gelu(x) at every element.
pub fn gelu(x: &Array) -> Result<Rounded> {
    function::apply(Gelu, x)
}
