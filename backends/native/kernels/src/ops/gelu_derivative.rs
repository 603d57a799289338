//! gelu'(x) = s(v) + x v' s(v) s(-v) with v = 2 sqrt(2/pi) (x + 0.044715 x^3), rounded once.

use crate::array::Array;
use crate::double::Double;
use crate::error::Result;
use crate::exponential::{self, DOUBLE_BOUND, slope};
use crate::function::{self, Function, Rounded};
use crate::simd::Simd;

/// 2 sqrt(2/pi), that times 0.044715 and times 3 * 0.044715: off by less than 2^-106 of them.
const SCALE: Double = Double::new(1.5957691216057308, -9.96930880911092e-17);
const CUBIC: Double = Double::new(0.07135481627260025, -6.175149918155315e-19);
const CUBIC_3: Double = Double::new(0.21406444881780073, 1.2025242832367862e-17);

/// The first two times -log2(e), rounded: a unit of 2^-53 at most.
const SCALE_2: f64 = -2.3022081981443248;
const CUBIC_2: f64 = -0.1029432395800235;

/// The function.
#[derive(Clone, Copy)]
pub struct GeluDerivative;

impl Function for GeluDerivative {
    /// v has a relative error of 4 units: x^2 is exact, and there are two constants, of which one matters less, two
    /// products and a sum. Up to |v| = 112 that is 448 units of e^-v, to which exp2 adds 128. Beyond, the result is below
    /// 2^-150 in magnitude, or e^-v is lost.
    const BOUND: f64 = slope::bound(576.0);

    #[inline(always)]
    fn binary64<S: Simd>(self, s: S, x: S::F64) -> S::F64 {
        self.ends(s, x).0
    }

    #[inline(always)]
    fn ends<S: Simd>(self, s: S, x: S::F64) -> (S::F64, S::F64) {
        // Beyond, |v| > 142 and |x v'| <= 3 |v|: |gelu'(x) - 1| < 3 v e^-v < 2^-150, or |gelu'(x)| < 3 |v| e^-|v| < 2^-150.
        let x = s.min(s.splat(12.0), s.max(s.splat(-12.0), x));
        let square = s.mul(x, x);
        let e = exponential::exp2(s, s.mul(x, s.fma(square, s.splat(CUBIC_2), s.splat(SCALE_2))));
        let factor = s.mul(x, s.fma(square, s.splat(CUBIC_3.hi), s.splat(SCALE.hi)));
        slope::ends(s, e, factor, Self::BOUND)
    }

    fn accurate(self, x: f32) -> Option<f32> {
        let wide = f64::from(x);
        match x {
            _ if x.is_nan() => Some(x),
            _ if x > 12.0 => Some(1.0),
            _ if x < -12.0 => Some(-0.0),
            _ => {
                // 8 u^2 of v, which is 142 at most, and few more.
                let v = (CUBIC * (wide * wide) + SCALE) * wide;
                let factor = (CUBIC_3 * (wide * wide) + SCALE) * wide;
                slope::round(exponential::exp_double(-v), factor, 32.0 * DOUBLE_BOUND)
            }
        }
    }
}

/// RN of gelu'(x) at every element.
pub fn gelu_derivative(x: &Array) -> Result<Rounded> {
    function::apply(GeluDerivative, x)
}
