//! An exact sum and its one rounding (contract N3.1): the last stage of every sum, for what faster ones leave undecided.
//!
//! A fixed-point number wide enough for every sum of products of two binary32 numbers (U. Kulisch, Computer Arithmetic
//! and Validity, 2008). It is kept as digits of 32 bits in words of 64: an addition touches three of them and carries
//! nothing; the carries are settled when 2^30 additions may have filled the words, and at the end.
//!
//! Terms are finite. Infinities and NaN are the caller's, who finds them while it sums plainly (N3.2).

/// Bits of a digit.
const DIGIT: u32 = 32;

/// The last digit counts units of 2^-LOWEST. A term of 2^-298, the smallest, has the last of its 53 bits at 2^-350.
const LOWEST: i32 = 352;

/// Digits: up to 2^(704 - 352) = 2^352, so that more than 2^90 terms of 2^257 fit.
const DIGITS: usize = 22;

/// Additions after which the carries are settled: each adds less than 2^32 to a word, which had less than 2^32.
const SETTLE: u32 = 1 << 30;

/// The exact sum of finite binary64 terms that are multiples of 2^-298 and below 2^257 in magnitude: binary32 numbers
/// and products of two of them.
#[derive(Clone, Debug)]
pub struct Exact {
    /// Signed; the value is the sum of `digits[i] * 2^(32 i - LOWEST)`.
    digits: [i64; DIGITS],
    additions: u32,
}

impl Default for Exact {
    fn default() -> Exact {
        Exact::new()
    }
}

impl Exact {
    /// Zero.
    pub const fn new() -> Exact {
        Exact { digits: [0; DIGITS], additions: 0 }
    }

    /// Add a term.
    #[inline]
    pub fn add(&mut self, x: f64) {
        debug_assert!(x == 0.0 || (x.abs() >= 2f64.powi(-298) && x.abs() < 2f64.powi(257)), "no such term: {x:e}");
        let bits = x.to_bits();
        let exponent = (bits >> 52) as i32 & 0x7ff;
        if exponent == 0 {
            return; // a zero: no term is subnormal
        }
        let significand = (bits & ((1 << 52) - 1)) | 1 << 52;
        let place = (exponent - 1075 + LOWEST) as u32;
        let shifted = u128::from(significand) << (place % DIGIT);
        let sign = bits as i64 >> 63; // 0 or -1
        let digits = &mut self.digits[(place / DIGIT) as usize..][..3];
        for (i, digit) in digits.iter_mut().enumerate() {
            let part = i64::from((shifted >> (DIGIT * i as u32)) as u32);
            *digit += (part ^ sign) - sign;
        }
        self.additions += 1;
        if self.additions == SETTLE {
            self.settle();
        }
    }

    /// Carry, so that every digit is in [0, 2^32), but for the first, which has the sign.
    fn settle(&mut self) {
        let mut carry = 0;
        let (top, rest) = self.digits.split_last_mut().expect("there are digits");
        for digit in rest {
            let sum = *digit + carry;
            *digit = sum & 0xffff_ffff;
            carry = sum >> DIGIT;
        }
        *top += carry;
        self.additions = 1; // what is left counts as one addition
    }

    /// Whether the sum is negative, and the digits of its magnitude, the last first, in units of 2^-352.
    pub fn magnitude(&self) -> (bool, [u32; DIGITS]) {
        let mut sum = self.clone();
        sum.settle();
        let negative = sum.digits[DIGITS - 1] < 0;
        if negative {
            sum.digits.iter_mut().for_each(|digit| *digit = -*digit);
            sum.settle();
        }
        (negative, sum.digits.map(|digit| digit as u32))
    }

    /// RN of the sum; an exact zero is +0.
    pub fn round(&self) -> f32 {
        let (negative, digits) = self.magnitude();
        odd(negative, &digits, false) as f32
    }

    /// RN of the sum divided by `n`, which is not 0.
    pub fn round_quotient(&self, n: u64) -> f32 {
        let (negative, mut digits) = self.magnitude();
        let mut rest = 0u128;
        for digit in digits.iter_mut().rev() {
            let dividend = rest << DIGIT | u128::from(*digit);
            *digit = (dividend / u128::from(n)) as u32;
            rest = dividend % u128::from(n);
        }
        odd(negative, &digits, rest != 0) as f32
    }
}

/// These digits in binary64, rounded to odd: the number itself where it is one, else its neighbour whose last bit is 1. To
/// round that to binary32 is to round the sum (Boldo, Melquiond, IEEE Trans. Comput. 57(4), 2008). `more` says that
/// something positive, below the last digit, was left off.
fn odd(negative: bool, digits: &[u32; DIGITS], more: bool) -> f64 {
    let Some(top) = digits.iter().rposition(|&digit| digit != 0) else {
        // Only a quotient: a hair below every midpoint of binary32 numbers, with its sign.
        let hair = if more { 2f64.powi(-LOWEST) } else { 0.0 };
        return if negative && more { -hair } else { hair };
    };
    // The first 96 bits, of which at least 65 are significant.
    let at = |i: usize| u128::from(top.checked_sub(i).map_or(0, |place| digits[place]));
    let leading = at(0) << (2 * DIGIT) | at(1) << DIGIT | at(2);
    let below = more || digits[..top.saturating_sub(2)].iter().any(|&digit| digit != 0);
    let length = (u128::BITS - leading.leading_zeros()) as i32;
    let cut = length - 53;
    let kept = (leading >> cut) as u64;
    let inexact = below || leading & ((1 << cut) - 1) != 0;
    let value = (kept | u64::from(inexact)) as f64; // 53 bits: exact
    let exponent = cut + DIGIT as i32 * (top as i32 - 2) - LOWEST;
    let scaled = value * 2f64.powi(exponent);
    if negative { -scaled } else { scaled }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers without a pattern (Marsaglia's xorshift64).
    struct Random(u64);

    impl Random {
        fn next(&mut self) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0
        }

        /// A finite binary32 number, of any size.
        fn number(&mut self) -> f64 {
            loop {
                let x = f32::from_bits(self.next() as u32);
                if x.is_finite() {
                    return f64::from(x);
                }
            }
        }
    }

    /// The same sum bit by bit: `counts[i]` counts 2^(i - 1100).
    struct Bits(Vec<i64>);

    impl Bits {
        fn of(terms: &[f64]) -> Bits {
            let mut counts = vec![0i64; 1600];
            for &term in terms {
                let mut rest = term.abs();
                while rest > 0.0 {
                    let exponent = (rest.to_bits() >> 52) as i32 - 1023;
                    counts[(exponent + 1100) as usize] += if term < 0.0 { -1 } else { 1 };
                    rest -= 2f64.powi(exponent);
                }
            }
            Bits(counts)
        }

        /// Whether the sum is negative, and the binary digits of its magnitude.
        fn binary(&self) -> (bool, Vec<u8>) {
            let carried = |counts: &[i64]| {
                let mut carry = 0;
                let mut digits = Vec::new();
                for &count in counts {
                    let sum: i64 = count + carry;
                    digits.push((sum & 1) as u8);
                    carry = sum >> 1;
                }
                (carry, digits)
            };
            let (carry, digits) = carried(&self.0);
            if carry >= 0 {
                return (false, digits);
            }
            let negated: Vec<i64> = self.0.iter().map(|count| -count).collect();
            (true, carried(&negated).1)
        }

        /// RN, by the book; `n` divides in binary by hand.
        fn round(&self, n: u64) -> f32 {
            let (negative, digits) = self.binary();
            let mut quotient = vec![0u8; digits.len()];
            let mut rest = 0u128;
            for i in (0..digits.len()).rev() {
                rest = 2 * rest + u128::from(digits[i]);
                if rest >= u128::from(n) {
                    rest -= u128::from(n);
                    quotient[i] = 1;
                }
            }
            let Some(top) = quotient.iter().rposition(|&digit| digit == 1) else {
                return if negative { -0.0 } else { 0.0 };
            };
            let last = (top as i32 - 23).max(1100 - 149) as usize; // the last place of the result
            let kept =
                quotient[last.min(top + 1)..=top].iter().rev().fold(0u32, |sum, &digit| 2 * sum + u32::from(digit));
            let half = last >= 1 && quotient[last - 1] == 1;
            let below = rest != 0 || quotient[..last - 1].contains(&1);
            let up = half && (below || kept & 1 == 1);
            let value = f64::from(kept + u32::from(up)) * 2f64.powi(last as i32 - 1100);
            if negative { -value as f32 } else { value as f32 }
        }
    }

    fn check(terms: &[f64], n: u64) {
        let mut sum = Exact::new();
        terms.iter().for_each(|&term| sum.add(term));
        let expected = Bits::of(terms);
        if expected.binary().1.contains(&1) {
            assert_eq!(sum.round().to_bits(), expected.round(1).to_bits(), "{terms:?}");
            assert_eq!(sum.round_quotient(n).to_bits(), expected.round(n).to_bits(), "{terms:?} / {n}");
        } else {
            assert_eq!(sum.round().to_bits(), 0, "{terms:?}");
            assert_eq!(sum.round_quotient(n).to_bits(), 0, "{terms:?}");
        }
    }

    #[test]
    fn sums_of_numbers_of_any_size() {
        let mut random = Random(1);
        for _ in 0..5000 {
            let k = random.next() % 12;
            let mut terms: Vec<f64> = (0..k).map(|_| random.number()).collect();
            if random.next() & 1 == 1 {
                let negated: Vec<f64> = terms.iter().map(|x| -x).collect();
                terms.extend(&negated[..random.next() as usize % (negated.len() + 1)]);
            }
            check(&terms, random.next() % 1000 + 1);
            let products: Vec<f64> = terms.iter().map(|x| x * random.number()).collect();
            check(&products, random.next() >> (random.next() % 60) | 1);
        }
    }

    #[test]
    fn sums_beside_midpoints() {
        let mut random = Random(2);
        for _ in 0..5000 {
            let x = f32::from_bits(random.next() as u32 & 0x7eff_ffff);
            let next = f32::from_bits(x.to_bits() + 1);
            let (low, gap) = (f64::from(x), f64::from(next) - f64::from(x));
            let hair = 2f64.powi(-(random.next() as i32 % 149).abs());
            let n = random.next() % 100 + 1;
            for hair in [0.0, hair, -hair, 2f64.powi(-298), -(2f64.powi(-298))] {
                // Half of the gap is no binary32 number where the gap is 2^-149, but it is a product of two.
                check(&[low, gap / 2.0, hair], n);
                check(&[hair, -low, -gap / 2.0], n);
            }
            // n times a midpoint, and a hair beside it.
            let mut terms = vec![low + gap / 2.0; n as usize];
            check(&terms, n);
            terms.push(2f64.powi(-298));
            check(&terms, n);
        }
    }

    #[test]
    fn the_largest_the_smallest_and_many() {
        let (large, small) = (f64::from(f32::MAX) * f64::from(f32::MAX), 2f64.powi(-298));
        check(&[large, large, -large, small, -large], 3);
        check(&[f64::from(f32::MAX), 2f64.powi(103)], 2);
        check(&[f64::from(f32::MAX), 2f64.powi(103), -small], 2);
        check(&[-small], 7);
        let mut sum = Exact::new();
        for _ in 0..1000 {
            sum.add(large);
            sum.add(-small);
        }
        sum.additions = SETTLE - 1;
        sum.add(small);
        for _ in 0..999 {
            sum.add(-large);
        }
        assert_eq!(sum.round(), f32::INFINITY);
        sum.add(-large);
        assert_eq!(sum.round().to_bits(), (-0.0f32).to_bits());
        for _ in 0..999 {
            sum.add(small);
        }
        assert_eq!(sum.round().to_bits(), 0);
    }
}
