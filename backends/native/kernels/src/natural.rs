//! Natural numbers of any size: just what it takes to round a fraction of large integers, or its root, exactly. For the
//! few results that nothing faster decides.

use std::cmp::Ordering;

/// A natural number: its digits of 32 bits, the last one first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Natural(Vec<u32>);

impl Natural {
    /// From digits, the last one first.
    pub fn from_digits(digits: &[u32]) -> Natural {
        let mut digits = digits.to_vec();
        while digits.last() == Some(&0) {
            digits.pop();
        }
        Natural(digits)
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// The product.
    pub fn times(&self, other: &Natural) -> Natural {
        let mut digits = vec![0u32; self.0.len() + other.0.len()];
        for (i, &x) in self.0.iter().enumerate() {
            let mut carry = 0;
            for (j, &y) in other.0.iter().enumerate() {
                let sum = u64::from(x) * u64::from(y) + u64::from(digits[i + j]) + carry;
                digits[i + j] = sum as u32;
                carry = sum >> 32;
            }
            digits[i + other.0.len()] = carry as u32;
        }
        Natural::from_digits(&digits)
    }

    /// The difference to a number that is not larger.
    pub fn minus(&self, other: &Natural) -> Natural {
        let mut digits = self.0.clone();
        let mut borrow = 0;
        for (i, digit) in digits.iter_mut().enumerate() {
            let difference = i64::from(*digit) - i64::from(other.0.get(i).copied().unwrap_or(0)) - borrow;
            borrow = i64::from(difference < 0);
            *digit = difference as u32;
        }
        debug_assert_eq!(borrow, 0, "the other is not larger");
        Natural::from_digits(&digits)
    }

    /// `self * 2^n`.
    pub fn shifted(&self, n: u32) -> Natural {
        let mut digits = vec![0; (n / 32) as usize];
        let mut carry = 0;
        for &digit in &self.0 {
            let wide = u64::from(digit) << (n % 32) | carry;
            digits.push(wide as u32);
            carry = wide >> 32;
        }
        digits.push(carry as u32);
        Natural::from_digits(&digits)
    }

    /// The nearest integers below `m` and `e` with `m * 2^e`, off from it by less than 2^-52 of it.
    pub fn leading(&self) -> (f64, i32) {
        let top = self.0.len();
        let value = self.0.iter().rev().take(3).fold(0.0, |sum, &digit| sum * 2f64.powi(32) + f64::from(digit));
        (value, 32 * (top as i32 - top.min(3) as i32))
    }
}

impl From<u64> for Natural {
    fn from(x: u64) -> Natural {
        Natural::from_digits(&[x as u32, (x >> 32) as u32])
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Natural) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Natural {
    fn cmp(&self, other: &Natural) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

/// RN of `numerator / denominator * 2^exponent`, or of its root, by comparison with the midpoints around an estimate.
pub fn round_ratio(numerator: &Natural, denominator: &Natural, exponent: i32, root: bool) -> f32 {
    if numerator.is_zero() {
        return 0.0;
    }
    let ((p, p_exponent), (q, q_exponent)) = (numerator.leading(), denominator.leading());
    let scale = p_exponent - q_exponent + exponent;
    // 2^scale may be beyond binary64, but what is far beyond binary32 is as good as at its ends.
    let scaled = |x: f64, n: i32| x * 2f64.powi(n.clamp(-900, 900));
    let ratio = if root { scaled((p / q * 2f64.powi(scale & 1)).sqrt(), scale >> 1) } else { scaled(p / q, scale) };
    let mut bits = (ratio as f32).to_bits();
    loop {
        match compare(numerator, denominator, exponent, root, bits) {
            Ordering::Greater => bits += 1,
            Ordering::Equal if bits & 1 == 1 => bits += 1,
            _ if bits == 0 => return 0.0,
            _ => match compare(numerator, denominator, exponent, root, bits - 1) {
                Ordering::Less => bits -= 1,
                Ordering::Equal if bits & 1 == 1 => bits -= 1,
                _ => return f32::from_bits(bits),
            },
        }
    }
}

/// The exact value against the midpoint between the numbers of these bits and of the next. Above infinity there is none.
fn compare(numerator: &Natural, denominator: &Natural, exponent: i32, root: bool, bits: u32) -> Ordering {
    if bits >= f32::INFINITY.to_bits() {
        return Ordering::Less;
    }
    // In units of half the last place, 2^(last - 1).
    let (last, places) =
        if bits < 1 << 24 { (-149, bits) } else { ((bits >> 23) as i32 - 150, bits & 0x7f_ffff | 0x80_0000) };
    let half = Natural::from(2 * u64::from(places) + 1);
    let (midpoint, unit) = if root { (half.times(&half), 2 * (last - 1)) } else { (half, last - 1) };
    // numerator / denominator * 2^exponent against midpoint * 2^unit.
    let shift = exponent - unit;
    let left = numerator.shifted(shift.max(0) as u32);
    left.cmp(&midpoint.times(denominator).shifted((-shift).max(0) as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_of_u128() {
        let numbers = [0u128, 1, 2, 0xffff_ffff, 1 << 32, 0x1234_5678_9abc_def0, u128::from(u64::MAX)];
        let natural = |x: u128| Natural::from_digits(&[x as u32, (x >> 32) as u32, (x >> 64) as u32, (x >> 96) as u32]);
        for &x in &numbers {
            for &y in &numbers {
                assert_eq!(natural(x).times(&natural(y)), natural(x * y));
                assert_eq!(natural(x).cmp(&natural(y)), x.cmp(&y));
                assert_eq!(natural(x.max(y)).minus(&natural(x.min(y))), natural(x.abs_diff(y)));
            }
            for n in [0, 1, 31, 32, 63] {
                assert_eq!(natural(x).shifted(n), natural(x << n));
            }
        }
    }

    #[test]
    fn fractions_and_their_roots() {
        let round = |p: u64, q: u64, exponent, root| round_ratio(&Natural::from(p), &Natural::from(q), exponent, root);
        for p in (0..1u64 << 40).step_by(0x1234_5678) {
            for q in [1, 3, 7, 1000, 1 << 20] {
                // A quotient of integers below 2^53 and a root are safe to be rounded twice only where they are not near a
                // midpoint, as none of these is.
                assert_eq!(round(p, q, 0, false), (p as f64 / q as f64) as f32);
                assert_eq!(round(p, q, 4, true), (p as f64 / q as f64 * 16.0).sqrt() as f32);
            }
        }
        // Midpoints, and a hair beside them; roots of their squares.
        for bits in [0, 1, 2, 0x7f_ffff, 0x80_0000, 0x3f80_0000, 0x3f80_0001, 0x7f7f_fffe] {
            let (last, places) =
                if bits < 1 << 24 { (-149, bits) } else { ((bits >> 23) - 150, bits & 0x7f_ffff | 0x80_0000) };
            let even = f32::from_bits((bits + 1) as u32 & !1);
            let (below, above) = (f32::from_bits(bits as u32), f32::from_bits(bits as u32 + 1));
            let half = 2 * places as u64 + 1;
            assert_eq!(round(half, 1, last - 1, false), even);
            assert_eq!(round(half << 30, (1 << 30) + 1, last - 1, false), below);
            assert_eq!(round((half << 30) + 1, 1, last - 31, false), above);
            assert_eq!(round(half * half, 1, 2 * last - 2, true), even);
            assert_eq!(round(((half * half) << 10) - 1, 1, 2 * last - 12, true), below);
            assert_eq!(round(((half * half) << 10) + 1, 1, 2 * last - 12, true), above);
        }
        assert_eq!(round(1, 1, 128, false), f32::INFINITY);
        assert_eq!(round(1, 1, 2000, true), f32::INFINITY);
        assert_eq!(round(1, 1, -2000, false), 0.0);
        assert_eq!(round(0x1ff_ffff, 1, 103, false), f32::INFINITY);
        assert_eq!(round((0x1ff_ffff << 20) - 1, 1, 83, false), f32::MAX);
    }
}
