//! The functions of one argument that need no interval: their results in integers, from the specification.

use crate::enclose::NAN;

const INFINITY: u32 = 0x7f80_0000;
const SIGN: u32 = 0x8000_0000;
const ONE: u32 = 0x3f80_0000;

/// The default slope of leaky_relu, 0.01, rounded once to binary32: 10737418 * 2^-30.
const SLOPE: u32 = 0x3c23_d70a;

#[inline(always)]
fn is_nan(bits: u32) -> bool {
    bits & !SIGN > INFINITY
}

/// A finite number's significand and exponent: `significand * 2^exponent`.
#[inline(always)]
fn parts(bits: u32) -> (u64, i32) {
    let (field, fraction) = (bits >> 23 & 0xff, u64::from(bits & 0x7f_ffff));
    if field == 0 { (fraction, -149) } else { (fraction | 0x80_0000, field as i32 - 150) }
}

/// Bits of the binary32 number nearest to `significand * 2^exponent`, ties to even, for a significand below 2^62.
#[inline(always)]
fn nearest(significand: u64, exponent: i32) -> u32 {
    if significand == 0 {
        return 0;
    }
    let length = 64 - significand.leading_zeros() as i32;
    let quantum = (exponent + length - 24).max(-149); // the exponent of the result's last place
    let dropped = quantum - exponent;
    let kept = if dropped <= 0 {
        significand << -dropped
    } else if dropped > 62 {
        0
    } else {
        let (kept, rest, half) = (significand >> dropped, significand & ((1 << dropped) - 1), 1u64 << (dropped - 1));
        kept + u64::from(rest > half || rest == half && kept & 1 == 1)
    };
    // A significand that has grown to 2^24 carries into the exponent, and a subnormal one into the normal numbers.
    let field = u64::try_from(quantum + 149).expect("at least -149");
    u32::try_from((field << 23) + kept).unwrap_or(INFINITY).min(INFINITY)
}

/// A function in integers.
pub type Exact = fn(u32) -> u32;

/// |x|.
pub fn abs(bits: u32) -> u32 {
    if is_nan(bits) { NAN } else { bits & !SIGN }
}

/// -x.
pub fn neg(bits: u32) -> u32 {
    if is_nan(bits) { NAN } else { bits ^ SIGN }
}

/// max(x, +0).
pub fn relu(bits: u32) -> u32 {
    if is_nan(bits) { NAN } else { if bits & SIGN == 0 { bits } else { 0 } }
}

/// 1 above zero, else 0.
pub fn relu_derivative(bits: u32) -> u32 {
    if is_nan(bits) { NAN } else { if bits & SIGN == 0 && bits != 0 { ONE } else { 0 } }
}

/// -1, +0 or 1.
pub fn sign(bits: u32) -> u32 {
    match bits & !SIGN {
        0 => 0,
        size if size > INFINITY => NAN,
        _ => ONE | bits & SIGN,
    }
}

/// x^2.
pub fn square(bits: u32) -> u32 {
    match bits & !SIGN {
        size if size > INFINITY => NAN,
        INFINITY => INFINITY,
        size => {
            let (significand, exponent) = parts(size);
            nearest(significand * significand, 2 * exponent)
        }
    }
}

/// The root: floor of that of the significand times 2^36 or 2^37, which has 29 bits or more where the number is normal,
/// and one bit more that tells whether something was left.
pub fn sqrt(bits: u32) -> u32 {
    match bits {
        0 | SIGN | INFINITY => bits,
        _ if bits > INFINITY => NAN,
        _ => {
            let (significand, exponent) = parts(bits);
            let (mut scaled, mut exponent) = (significand << 36, exponent - 36);
            while scaled < 1 << 58 {
                (scaled, exponent) = (scaled << 1, exponent - 1);
            }
            if exponent & 1 != 0 {
                (scaled, exponent) = (scaled << 1, exponent - 1);
            }
            let root = scaled.isqrt();
            nearest(root << 1 | u64::from(root * root != scaled), exponent / 2 - 1)
        }
    }
}

/// x, or 0.01 x below zero; zeros and infinities keep their sign.
pub fn leaky_relu(bits: u32) -> u32 {
    match bits & !SIGN {
        size if size > INFINITY => NAN,
        INFINITY => bits,
        _ if bits & SIGN == 0 => bits,
        size => {
            let ((x, of_x), (slope, of_slope)) = (parts(size), parts(SLOPE));
            SIGN | nearest(x * slope, of_x + of_slope)
        }
    }
}

/// 1 above zero, else 0.01.
pub fn leaky_relu_derivative(bits: u32) -> u32 {
    match bits {
        _ if is_nan(bits) => NAN,
        0 | SIGN.. => SLOPE,
        _ => ONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_even_and_carries_go_up() {
        assert_eq!(nearest(3, -150), 2);
        assert_eq!(nearest(1, -150), 0);
        assert_eq!(nearest(5, -150), 2);
        assert_eq!(nearest(0x1ff_ffff, -25), ONE);
        assert_eq!(nearest(0x0fff_fff8, 100), INFINITY);
        assert_eq!(nearest(0xff_ffff, -150), 0x80_0000);
        assert_eq!(nearest(1 << 61, -210), 1);
    }

    #[test]
    fn roots_and_squares_are_those_of_the_machine() {
        for bits in (0..INFINITY).step_by(9973) {
            let x = f32::from_bits(bits);
            assert_eq!(sqrt(bits), x.sqrt().to_bits());
            assert_eq!(square(bits | SIGN), (x * x).to_bits());
            assert_eq!(leaky_relu(bits | SIGN), (-x * f32::from_bits(SLOPE)).to_bits());
        }
    }
}
