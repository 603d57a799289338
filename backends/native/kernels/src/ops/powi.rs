//! powi(x, n) = x^n for an int32 n, rounded once.
//!
//! Small powers are products that are exact, or known with their error; up to 64 they are products, and beyond e^(n log x),
//! with error bounds. x^0 = 1, even for NaN; zeros and infinities as [`crate::power::element`] says.

use crate::array::{Array, row_major};
use crate::error::Result;
use crate::function::Rounded;
use crate::power::{self, General, Operand, Power, ends};
use crate::simd::Simd;

/// x^2: 48 bits.
#[derive(Clone, Copy)]
struct Square;

impl Power for Square {
    #[inline(always)]
    fn ends<S: Simd>(self, s: S, x: S::F64, _: S::F64) -> (S::F64, S::F64) {
        let power = s.mul(x, x);
        (power, power)
    }
}

/// 1 / x. No quotient of binary32 numbers that is not a midpoint itself is as near to one as binary64 rounds: with m of at
/// most 25 bits, 1 - x m is 0 or at least 2^-49.
#[derive(Clone, Copy)]
struct Reciprocal;

impl Power for Reciprocal {
    #[inline(always)]
    fn ends<S: Simd>(self, s: S, x: S::F64, _: S::F64) -> (S::F64, S::F64) {
        let power = s.div(s.splat(1.0), x);
        (power, power)
    }
}

/// x^3 and x^4: products of x^2, which is exact, and so known with their errors: rounded to odd, they can be rounded again.
#[derive(Clone, Copy)]
struct Cube;

impl Power for Cube {
    #[inline(always)]
    fn ends<S: Simd>(self, s: S, x: S::F64, _: S::F64) -> (S::F64, S::F64) {
        let power = product_to_odd(s, s.mul(x, x), x);
        (power, power)
    }
}

#[derive(Clone, Copy)]
struct Fourth;

impl Power for Fourth {
    #[inline(always)]
    fn ends<S: Simd>(self, s: S, x: S::F64, _: S::F64) -> (S::F64, S::F64) {
        let square = s.mul(x, x);
        let power = product_to_odd(s, square, square);
        (power, power)
    }
}

/// x y rounded to odd: where it is not exact, of the two neighbours the one whose last bit is 1 (Boldo, Melquiond, IEEE
/// Trans. Comput. 57(4), 2008).
#[inline(always)]
fn product_to_odd<S: Simd>(s: S, x: S::F64, y: S::F64) -> S::F64 {
    let (product, error) = s.two_prod(x, y);
    // Towards zero, where the error says so, and then the last bit is set: that of an odd number comes back.
    let bits = s.bits(product);
    let inward = s.shr_i64::<63>(s.xor_i64(bits, s.bits(error)));
    let odd = s.from_bits(s.or_i64(s.sub_i64(bits, inward), s.splat_i64(1)));
    // Of infinities, the error is NaN.
    s.select(s.lt(s.splat(0.0), s.abs(error)), odd, product)
}

/// x^n for 2 <= |n| <= 64, by squarings: |n| - 1 roundings, and one of the reciprocal.
///
/// What over- or underflows in binary64 is infinite or 0 in binary32, and so is its reciprocal.
#[derive(Clone, Copy)]
struct Products(i32);

impl Power for Products {
    #[inline(always)]
    fn ends<S: Simd>(self, s: S, x: S::F64, _: S::F64) -> (S::F64, S::F64) {
        let n = self.0.unsigned_abs();
        let mut power = x;
        for bit in (0..n.ilog2()).rev() {
            power = s.mul(power, power);
            if n >> bit & 1 == 1 {
                power = s.mul(power, x);
            }
        }
        if self.0 < 0 {
            power = s.div(s.splat(1.0), power);
        }
        ends(s, power, s.splat(f64::from(n)))
    }
}

/// RN of x^n at every element.
pub fn powi(x: &Array, n: i32) -> Result<Rounded> {
    shaped(x, n, x.shape())
}

/// The same in an array of another shape, of as many elements.
pub fn shaped(x: &Array, n: i32, shape: &[usize]) -> Result<Rounded> {
    x.of::<f32>()?;
    if n == 0 {
        return Ok(Array::build(shape, |out: &mut [f32]| out.fill(1.0))?.into());
    }
    let x = x.contiguous()?;
    if n == 1 {
        return Ok(x.view(x.offset(), shape.into(), row_major(shape)).into());
    }
    let (x, y) = (Operand::Numbers(x.as_slice().expect("made contiguous")), Operand::Number(f64::from(n)));
    match n {
        2 => power::apply(Square, x, y, shape),
        3 => power::apply(Cube, x, y, shape),
        4 => power::apply(Fourth, x, y, shape),
        -1 => power::apply(Reciprocal, x, y, shape),
        -64..=64 => power::apply(Products(n), x, y, shape),
        _ => power::apply(General, x, y, shape),
    }
}
