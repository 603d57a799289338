//! Sine, cosine and tangent, in vectors of binary64 and in double-double. u = 2^-53.
//!
//! x = n pi/2 + r with n the integer nearest to x 2/pi, so that |r| <= pi/4 and a hair; by n mod 4 the sine is that of r,
//! its cosine, or one of their negatives. Of all binary32 numbers none leaves an |r| below 2^-30 but r = x.

use crate::double::Double;
use crate::simd::Simd;

/// Bounds the relative error of [`sin`] and [`cos`], in units of u.
///
/// r errs by 2.1 units (see `reduced`), which a sine and a cosine up to pi/4 do not magnify. The square w of r errs by 5.2
/// units, and w S and w C by 9 units of what is at most 0.1 and 0.43 of the result; the polynomials add 0.2, the sum 1 and
/// the product with r 1.
pub const BOUND: f64 = 12.0;

/// Bounds the relative error of [`tan`]: both of `BOUND`, and the quotient.
pub const TAN_BOUND: f64 = 2.0 * BOUND + 1.0;

/// Up to here the vectors have an answer; beyond, it is NaN.
const LARGEST: f64 = 4_194_304.0;

const TWO_OVER_PI: f64 = std::f64::consts::FRAC_2_PI;

/// pi/2 in three pieces, of 31 bits, of 31 bits, and the rest; off by 2^-117.
const HALF_PI: [f64; 3] = [1.5707963267341256, 6.07710049817245e-11, 8.333742918520879e-20];

/// 1.5 * 2^52: a number below 2^51 in magnitude that is added to it has its integer in the last bits.
const SHIFT: f64 = 6_755_399_441_055_744.0;

/// S(w) = (sin(r)/r - 1)/w at w = r^2, by interpolation in the Chebyshev nodes of [0, 0.6169], coefficients rounded: off by
/// at most 2^-55.4 of sin(r)/r.
const SINE: [f64; 6] = [
    -0.16666666666666666,
    0.008333333333330948,
    -0.0001984126983675853,
    2.7557316102529747e-06,
    -2.5051131840273875e-08,
    1.5918128954107197e-10,
];

/// C(w) = (cos(r) - 1)/w, likewise: off by at most 2^-60.5 of cos(r).
const COSINE: [f64; 7] = [
    -0.5,
    0.04166666666666664,
    -0.0013888888888880775,
    2.480158729369338e-05,
    -2.7557315566315303e-07,
    2.0875886733832224e-09,
    -1.1367998405567824e-11,
];

/// The sine, within [`BOUND`]; -0 at -0, and NaN for |x| > 2^22.
#[inline(always)]
pub fn sin<S: Simd>(s: S, x: S::F64) -> S::F64 {
    let (n, r) = reduced(s, x);
    let (sine, cosine) = both(s, r);
    or_nan(s, x, turned(s, n, s.select(odd(s, n), cosine, sine)))
}

/// The cosine, within [`BOUND`]; NaN for |x| > 2^22.
#[inline(always)]
pub fn cos<S: Simd>(s: S, x: S::F64) -> S::F64 {
    let (n, r) = reduced(s, x);
    let (sine, cosine) = both(s, r);
    or_nan(s, x, turned(s, s.add_i64(n, s.splat_i64(1)), s.select(odd(s, n), sine, cosine)))
}

/// The tangent, within [`TAN_BOUND`]; -0 at -0, and NaN for |x| > 2^22.
#[inline(always)]
pub fn tan<S: Simd>(s: S, x: S::F64) -> S::F64 {
    let (n, r) = reduced(s, x);
    let (sine, cosine) = both(s, r);
    let odd = odd(s, n);
    or_nan(s, x, s.div(s.select(odd, s.neg(cosine), sine), s.select(odd, sine, cosine)))
}

#[inline(always)]
fn or_nan<S: Simd>(s: S, x: S::F64, y: S::F64) -> S::F64 {
    s.select(s.le(s.abs(x), s.splat(LARGEST)), y, s.splat(f64::NAN))
}

/// n, in the last bits of a number, and r = x - n pi/2; for |x| <= 2^22 that is a binary32 number.
///
/// Where n is not 0, x is a multiple of 2^-24, and |n| < 2^22. The first piece times n has 53 bits, the last of which is
/// worth 2^-30, and so has the difference, which is below 1: both are exact. So is the second piece times n, and the
/// difference to that is rounded once, as is that to the third, whose product is below 2^-39 and off by 2^-91 with all that
/// is left out: 0.1 units of r, which is at least 2^-30.
#[inline(always)]
fn reduced<S: Simd>(s: S, x: S::F64) -> (S::I64, S::F64) {
    let shifted = s.fma(x, s.splat(TWO_OVER_PI), s.splat(SHIFT));
    let n = s.sub(shifted, s.splat(SHIFT));
    let r = HALF_PI.into_iter().fold(x, |r, piece| s.fma(n, s.splat(-piece), r));
    (s.bits(shifted), r)
}

/// Whether the last bit of n is set.
#[inline(always)]
fn odd<S: Simd>(s: S, n: S::I64) -> S::Mask {
    let signed = s.or_i64(s.shl_i64::<63>(n), s.bits(s.splat(1.0)));
    s.lt(s.from_bits(signed), s.splat(0.0))
}

/// y or -y, as the last bit but one of n says.
#[inline(always)]
fn turned<S: Simd>(s: S, n: S::I64, y: S::F64) -> S::F64 {
    let sign = s.and_i64(s.shl_i64::<62>(n), s.splat_i64(i64::MIN));
    s.from_bits(s.xor_i64(s.bits(y), sign))
}

/// sin(r) and cos(r) for |r| up to pi/4 and a hair; a zero keeps its sign.
#[inline(always)]
fn both<S: Simd>(s: S, r: S::F64) -> (S::F64, S::F64) {
    let w = s.mul(r, r);
    let sine = s.mul(r, s.fma(w, polynomial(s, w, SINE), s.splat(1.0)));
    (sine, s.fma(w, polynomial(s, w, COSINE), s.splat(1.0)))
}

/// `c[0] + c[1] x + ...` in pairs, which shortens the chain of operations that wait for each other.
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(s: S, x: S::F64, c: [f64; N]) -> S::F64 {
    let square = s.mul(x, x);
    let mut i = (N - 1) / 2 * 2;
    let mut sum = s.splat(c[i]);
    if i + 1 < N {
        sum = s.fma(s.splat(c[i + 1]), x, sum);
    }
    while i > 0 {
        i -= 2;
        sum = s.fma(sum, square, s.fma(s.splat(c[i + 1]), x, s.splat(c[i])));
    }
    sum
}

/// Bounds the relative error of [`sin_double`], [`cos_double`] and [`tan_double`].
///
/// In units of u^2: r errs by 8 (see `reduced_double`), and w by 20, of which 0.1 and 0.43 reach the results; the steps of
/// Horner's rule err by 7 each, of which a sixth and then less reaches the next, and the last by 3, the product with r by 4:
/// less than 24. For the tangent twice that and 15: 63, which is 2^-100. What the series leave out is below 2^-112.
pub const DOUBLE_BOUND: f64 = 1.0 / (1u128 << 99) as f64;

/// pi/2 within 2^-107 of it.
const HALF_PI_DOUBLE: Double = Double::new(std::f64::consts::FRAC_PI_2, 6.123233995736766e-17);

/// 2/pi after 64 zeros: 384 bits behind the binary point.
const BITS: [u64; 7] = [
    0,
    0xa2f9_836e_4e44_1529,
    0xfc27_57d1_f534_ddc0,
    0xdb62_9599_3c43_9041,
    0xfe51_63ab_debb_c561,
    0xb724_6e3a_424d_d2e0,
    0x0649_2eea_09d1_921c,
];

/// 1/k! for k from 0 to 20.
const INVERSE_FACTORIAL: [Double; 21] = [
    Double::new(1.0, 0.0),
    Double::new(1.0, 0.0),
    Double::new(0.5, 0.0),
    Double::new(0.16666666666666666, 9.25185853854297e-18),
    Double::new(0.041666666666666664, 2.3129646346357427e-18),
    Double::new(0.008333333333333333, 1.1564823173178714e-19),
    Double::new(0.001388888888888889, -5.300543954373577e-20),
    Double::new(0.0001984126984126984, 1.7209558293420705e-22),
    Double::new(2.48015873015873e-05, 2.1511947866775882e-23),
    Double::new(2.7557319223985893e-06, -1.858393274046472e-22),
    Double::new(2.755731922398589e-07, 2.3767714622250297e-23),
    Double::new(2.505210838544172e-08, -1.448814070935912e-24),
    Double::new(2.08767569878681e-09, -1.20734505911326e-25),
    Double::new(1.6059043836821613e-10, 1.2585294588752098e-26),
    Double::new(1.1470745597729725e-11, 2.0655512752830745e-28),
    Double::new(7.647163731819816e-13, 7.03872877733453e-30),
    Double::new(4.779477332387385e-14, 4.399205485834081e-31),
    Double::new(2.8114572543455206e-15, 1.6508842730861433e-31),
    Double::new(1.5619206968586225e-16, 1.1910679660273754e-32),
    Double::new(8.22063524662433e-18, 2.2141894119604265e-34),
    Double::new(4.110317623312165e-19, 1.4412973378659527e-36),
];

/// 1/k! for k from 21 to 28: binary64 loses less than 2^-120 in the sums of these terms.
const SMALL_INVERSE_FACTORIAL: [f64; 8] = [
    1.9572941063391263e-20,
    8.896791392450574e-22,
    3.868170170630684e-23,
    1.6117375710961184e-24,
    6.446950284384474e-26,
    2.4795962632247976e-27,
    9.183689863795546e-29,
    3.279889237069838e-30,
];

/// sin(x) within [`DOUBLE_BOUND`]; `None` for what is not finite.
pub fn sin_double(x: f32) -> Option<Double> {
    let (n, r) = reduced_double(x)?;
    Some(quadrant(n, r))
}

/// cos(x), likewise.
pub fn cos_double(x: f32) -> Option<Double> {
    let (n, r) = reduced_double(x)?;
    Some(quadrant(n + 1, r))
}

/// tan(x), likewise.
pub fn tan_double(x: f32) -> Option<Double> {
    let (n, r) = reduced_double(x)?;
    Some(quadrant(n, r) / quadrant(n + 1, r))
}

/// sin(n pi/2 + r).
fn quadrant(n: u64, r: Double) -> Double {
    let value = if n & 1 == 0 { r * series(r * r, 1) } else { series(r * r, 0) };
    if n & 2 == 0 { value } else { -value }
}

/// 1/k! - w/(k + 2)! + w^2/(k + 4)! - ... as far as 1/28!, for k = 0 or 1, by Horner's rule.
fn series(w: Double, k: usize) -> Double {
    let mut tail = 0.0;
    for i in (22 - k..=28 - k).rev().step_by(2) {
        tail = SMALL_INVERSE_FACTORIAL[i - 21] - tail * w.hi;
    }
    let mut sum = Double::from(tail);
    for i in (k..=20 - k).rev().step_by(2) {
        sum = -(sum * w) + INVERSE_FACTORIAL[i];
    }
    sum
}

/// n mod 4 and r = x - n pi/2 within 8 u^2 of it, by exact integers (M. Payne, R. Hanek, Radian reduction for
/// trigonometric functions, SIGNUM Newsletter 18, 1983).
///
/// x = m 2^e with m < 2^24, and of 2^e 2/pi the bits worth 4 and more change n by multiples of 4. Of the others 192 are
/// taken, so that m times them is off by 2^24 in units of 2^-190; 106 bits of the fraction, which is at least 2^-31, are
/// kept, and the product with pi/2 errs by 4 u^2.
fn reduced_double(x: f32) -> Option<(u64, Double)> {
    if x.abs() < std::f32::consts::FRAC_PI_4 {
        return Some((0, Double::from(f64::from(x))));
    }
    if !x.is_finite() {
        return None;
    }
    let (m, e) = ((x.to_bits() & 0x7f_ffff | 0x80_0000) as u128, (x.to_bits() >> 23 & 0xff) as i32 - 150);
    let (word, bit) = ((e + 62) as usize / 64, (e + 62) as u32 % 64); // of the bit that is worth 2
    let window = |i: usize| (((BITS[word + i] as u128) << 64 | BITS[word + i + 1] as u128) << bit >> 64) as u64;
    let low = m * window(2) as u128;
    let middle = m * window(1) as u128 + (low >> 64);
    let high = (m * window(0) as u128 + (middle >> 64)) as u64;
    // high.middle.low is x 2/pi mod 4, in units of 2^-190. To the nearest integer; what is left has a sign.
    let n = (high >> 62) + (high >> 61 & 1);
    let rest = [high << 2 | (middle as u64) >> 62, (middle as u64) << 2 | (low as u64) >> 62];
    let mut rest = (rest[0] as u128) << 64 | rest[1] as u128; // in units of 2^-128, cut off
    let negative = rest >> 127 == 1;
    let mut below = (low as u64) << 2;
    if negative {
        below = below.wrapping_neg();
        rest = (!rest).wrapping_add((below == 0) as u128);
    }
    let zeros = rest.leading_zeros();
    if zeros > 60 {
        return None; // no binary32 number is that near to a multiple of pi/2
    }
    let top = rest << zeros | (below as u128) << zeros >> 64;
    let scale = 2f64.powi(-53 - zeros as i32);
    let fraction =
        Double::sum((top >> 75) as f64 * scale, (top >> 22 & ((1 << 53) - 1)) as f64 * scale * 2f64.powi(-53));
    let r = fraction * HALF_PI_DOUBLE;
    // Of a negative x all changes its sign.
    let (n, r) = (n, if negative { -r } else { r });
    Some(if x < 0.0 { (n.wrapping_neg() & 3, -r) } else { (n & 3, r) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Kernel, Level, dispatch};

    fn numbers() -> impl Iterator<Item = f32> {
        let every = (0..60_000u32).map(|i| f32::from_bits(i.wrapping_mul(71_569) & 0x7fff_ffff));
        let usual = (0..60_000).map(|i| (i as f32 - 30_000.0) * 3.1e-3);
        let multiples = (1..20_000).flat_map(|i| {
            let near = (f64::from(i) * std::f64::consts::FRAC_PI_4) as f32;
            [near, f32::from_bits(near.to_bits() + 1), -near, f32::from_bits(near.to_bits() - 1)]
        });
        every.chain(usual).chain(multiples).filter(|x| x.is_finite())
    }

    struct Worst<'a>(&'a [f32]);

    impl Kernel for Worst<'_> {
        type Output = [f64; 3];
        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> [f64; 3] {
            let mut worst = [0f64; 3];
            let mut found = [0.0; 16];
            for &x in self.0 {
                let wide = s.splat(f64::from(x));
                let pairs =
                    [(sin(s, wide), sin_double(x)), (cos(s, wide), cos_double(x)), (tan(s, wide), tan_double(x))];
                for (worst, (y, exact)) in worst.iter_mut().zip(pairs) {
                    s.store(y, &mut found);
                    let exact = exact.expect("finite");
                    assert!(f64::from(x.abs()) <= LARGEST || found[0].is_nan());
                    if f64::from(x.abs()) <= LARGEST && exact.hi != 0.0 {
                        *worst = worst.max(((Double::from(found[0]) - exact).hi / exact.hi).abs() * 2f64.powi(53));
                    }
                }
            }
            worst
        }
    }

    #[test]
    fn errors_are_within_the_bounds_at_every_level() {
        let numbers: Vec<f32> = numbers().collect();
        for level in Level::ALL.into_iter().filter(|&level| level <= Level::best()) {
            let _ = level.set();
            let [sine, cosine, tangent] = dispatch(Worst(&numbers));
            assert!(sine <= BOUND && cosine <= BOUND && tangent <= TAN_BOUND, "{level}: {sine} {cosine} {tangent}");
        }
        let _ = Level::best().set();
    }

    #[test]
    fn squares_add_up_to_one() {
        for x in numbers() {
            let (sine, cosine) = (sin_double(x).unwrap(), cos_double(x).unwrap());
            let rest = sine * sine + cosine * cosine - 1.0;
            assert!(rest.hi.abs() < 2f64.powi(-98), "{x:e}: {rest:?}");
        }
    }

    #[test]
    fn twice_an_angle_has_the_sine_that_the_theorem_says() {
        // The reductions of x and 2x read different bits of 2/pi.
        for x in numbers().filter(|x| x.abs() < 1e38 && x.abs() > 1e-30) {
            let (once, twice) = (sin_double(x).unwrap() * cos_double(x).unwrap() * 2.0, sin_double(2.0 * x).unwrap());
            assert!((once - twice).hi.abs() < 2f64.powi(-96) * twice.hi.abs(), "{x:e}");
        }
    }

    #[test]
    fn large_numbers_keep_all_their_bits() {
        assert_eq!(sin_double(1e22f32).unwrap().hi, -0.734_081_535_296_101_5);
        assert_eq!(sin_double(f32::MAX).unwrap().hi, -0.521_876_523_333_658_5);
        assert_eq!(cos_double(f32::MAX).unwrap().hi, 0.853_021_039_830_304_2);
        assert!(sin_double(f32::INFINITY).is_none() && cos_double(f32::NAN).is_none());
    }
}
