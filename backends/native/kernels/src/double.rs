//! Double-double arithmetic: a number as the unevaluated sum of two of binary64, about 106 bits. For the few elements that
//! binary64 leaves undecided, so it is scalar and kept simple.
//!
//! u = 2^-53. The error bounds are those of M. Joldes, J.-M. Muller, V. Popescu, Tight and rigorous error bounds for
//! basic building blocks of double-word arithmetic, ACM TOMS 44(2), 2017; they hold where nothing over- or underflows.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// u = 2^-53, which bounds the relative error of an operation of binary64.
pub const UNIT: f64 = f64::EPSILON / 2.0;

/// `hi + lo`, with `hi` the binary64 number nearest to the sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Double {
    /// The leading part.
    pub hi: f64,
    /// The rest: at most half an ulp of `hi`.
    pub lo: f64,
}

/// The rounded sum and its exact error (Knuth, TAOCP 2, 4.2.2).
#[inline]
pub fn two_sum(x: f64, y: f64) -> (f64, f64) {
    let sum = x + y;
    let of_y = sum - x;
    (sum, (x - (sum - of_y)) + (y - of_y))
}

/// The same where `|x| >= |y|` or `x = 0` (Dekker 1971).
#[inline]
pub fn fast_two_sum(x: f64, y: f64) -> (f64, f64) {
    let sum = x + y;
    (sum, y - (sum - x))
}

/// The rounded product and its exact error.
#[inline]
pub fn two_prod(x: f64, y: f64) -> (f64, f64) {
    let product = x * y;
    (product, x.mul_add(y, -product))
}

impl Double {
    /// The number `hi + lo` where `|lo|` is at most half an ulp of `hi`, as constants are written.
    pub const fn new(hi: f64, lo: f64) -> Double {
        Double { hi, lo }
    }

    /// `x + y`, exact.
    pub fn sum(x: f64, y: f64) -> Double {
        let (hi, lo) = two_sum(x, y);
        Double { hi, lo }
    }

    /// `x * y`, exact if the last bit of the product is at least 2^-1074.
    pub fn product(x: f64, y: f64) -> Double {
        let (hi, lo) = two_prod(x, y);
        Double { hi, lo }
    }

    /// `self * 2^n`, exact where nothing under- or overflows.
    pub fn scale(self, n: i32) -> Double {
        let half = n / 2; // 2^n itself may not be a number where the result is
        let (first, second) = (2f64.powi(half), 2f64.powi(n - half));
        Double { hi: self.hi * first * second, lo: self.lo * first * second }
    }

    /// Whether it is below zero, zero counting as its sign says.
    pub fn is_negative(self) -> bool {
        self.hi.is_sign_negative()
    }

    /// The magnitude.
    pub fn abs(self) -> Double {
        if self.is_negative() { -self } else { self }
    }

    /// The square root, off by at most 4 u^2 of it (Lefevre, Louvet, Muller, Picot, Rideau, Accurate calculation of
    /// Euclidean norms using double-word arithmetic, ACM TOMS 49(1), 2023, give 25/8 u^2).
    pub fn sqrt(self) -> Double {
        if self.hi == 0.0 {
            return self;
        }
        let root = self.hi.sqrt();
        let rest = (-root).mul_add(root, self.hi) + self.lo;
        let (hi, lo) = fast_two_sum(root, rest / (2.0 * root));
        Double { hi, lo }
    }

    /// RN of every number that is off from this one by at most `bound` times its magnitude; `None` if they differ.
    ///
    /// `bound` is below 2^-60. The number is rounded to odd in binary64, so that the second rounding is right.
    pub fn round(self, bound: f64) -> Option<f32> {
        self.round_within(self.hi.abs() * bound)
    }

    /// RN of every number that is off from this one by at most `error`; `None` if they differ.
    pub fn round_within(self, error: f64) -> Option<f32> {
        // The sums of lo and error are rounded, by 2^-53 of the larger: a hair more makes up for that.
        let slack = error + (error + self.lo.abs()) * 2f64.powi(-52);
        let slack = if error == 0.0 { 0.0 } else { slack };
        let (low, high) = (nearest(self.hi, self.lo - slack), nearest(self.hi, self.lo + slack));
        (low.to_bits() == high.to_bits()).then_some(low)
    }
}

/// RN of `hi + lo`, by way of binary64 rounded to odd (Boldo, Melquiond, IEEE Trans. Comput. 57(4), 2008).
pub fn nearest(hi: f64, lo: f64) -> f32 {
    let (sum, error) = two_sum(hi, lo);
    if error == 0.0 || !error.is_finite() || sum.to_bits() & 1 == 1 {
        return sum as f32;
    }
    // The last bit is even and the sum inexact: its odd neighbour on the side of the error.
    let away = (error > 0.0) == (sum > 0.0);
    let bits = if away { sum.to_bits() + 1 } else { sum.to_bits() - 1 };
    f64::from_bits(bits) as f32
}

impl From<f64> for Double {
    fn from(x: f64) -> Double {
        Double { hi: x, lo: 0.0 }
    }
}

impl Neg for Double {
    type Output = Double;
    fn neg(self) -> Double {
        Double { hi: -self.hi, lo: -self.lo }
    }
}

/// AccurateDWPlusDW: 3 u^2 + 13 u^3 of the sum.
impl Add for Double {
    type Output = Double;
    fn add(self, other: Double) -> Double {
        let (high, high_error) = two_sum(self.hi, other.hi);
        let (low, low_error) = two_sum(self.lo, other.lo);
        let (high, rest) = fast_two_sum(high, high_error + low);
        let (hi, lo) = fast_two_sum(high, low_error + rest);
        Double { hi, lo }
    }
}

/// DWPlusFP: 2 u^2 of the sum.
impl Add<f64> for Double {
    type Output = Double;
    fn add(self, other: f64) -> Double {
        let (high, error) = two_sum(self.hi, other);
        let (hi, lo) = fast_two_sum(high, self.lo + error);
        Double { hi, lo }
    }
}

impl Sub for Double {
    type Output = Double;
    fn sub(self, other: Double) -> Double {
        self + -other
    }
}

impl Sub<f64> for Double {
    type Output = Double;
    fn sub(self, other: f64) -> Double {
        self + -other
    }
}

/// DWTimesDW3: 4 u^2 of the product.
impl Mul for Double {
    type Output = Double;
    fn mul(self, other: Double) -> Double {
        let (high, error) = two_prod(self.hi, other.hi);
        let low = self.hi.mul_add(other.lo, self.lo.mul_add(other.hi, self.lo * other.lo));
        let (hi, lo) = fast_two_sum(high, error + low);
        Double { hi, lo }
    }
}

/// DWTimesFP3: 2 u^2 of the product.
impl Mul<f64> for Double {
    type Output = Double;
    fn mul(self, other: f64) -> Double {
        let (high, error) = two_prod(self.hi, other);
        let (hi, lo) = fast_two_sum(high, self.lo.mul_add(other, error));
        Double { hi, lo }
    }
}

/// DWDivDW2: 15 u^2 + 56 u^3 of the quotient.
impl Div for Double {
    type Output = Double;
    fn div(self, other: Double) -> Double {
        let quotient = self.hi / other.hi;
        let product = other * quotient;
        let rest = (self.hi - product.hi) + (self.lo - product.lo);
        let (hi, lo) = fast_two_sum(quotient, rest / other.hi);
        Double { hi, lo }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hair_beside_a_midpoint_rounds_to_its_side() {
        let midpoint = 1.0 + 2f64.powi(-24);
        for exponent in [-60, -100, -300, -1000] {
            let hair = 2f64.powi(exponent);
            assert_eq!(nearest(midpoint, hair), 1.0 + f32::EPSILON);
            assert_eq!(nearest(midpoint, -hair), 1.0);
            assert_eq!(nearest(-midpoint, -hair), -1.0 - f32::EPSILON);
            assert_eq!(nearest(-midpoint, hair), -1.0);
        }
        assert_eq!(nearest(midpoint, 0.0), 1.0);
        assert_eq!(nearest(2f64.powi(-150), 2f64.powi(-300)), f32::from_bits(1));
        assert_eq!(nearest(2f64.powi(-150), 0.0), 0.0);
    }

    #[test]
    fn what_is_near_a_midpoint_is_undecided() {
        let midpoint = Double::from(1.0 + 2f64.powi(-24));
        assert_eq!(midpoint.round(2f64.powi(-90)), None);
        assert_eq!((midpoint + 2f64.powi(-80)).round(2f64.powi(-90)), Some(1.0 + f32::EPSILON));
        assert_eq!(midpoint.round(0.0), Some(1.0));
    }

    #[test]
    fn third_times_three_is_one() {
        let third = Double::from(1.0) / Double::from(3.0);
        let one = third * 3.0;
        assert!((one - 1.0).hi.abs() < 2f64.powi(-102));
        let root = Double::from(2.0).sqrt();
        assert!((root * root - 2.0).hi.abs() < 2f64.powi(-101));
    }
}
