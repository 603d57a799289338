//! The exponential, from which many functions are built: in binary64 for vectors, and in double-double.
//!
//! e^x = 2^t = 2^n 2^r with t = x log2(e), n the integer nearest to t and |r| <= 1/2. 2^r is a polynomial, whose
//! coefficients were found by Remez' exchange in 50 digits for |r| <= 1/2 + 2^-31 and then rounded to binary64; the
//! errors given are the largest that the rounded ones show at 4001 points in 50 digits. They are even to a percent
//! between the extrema, and the bounds have more to spare than that.
//!
//! u = 2^-53.

use crate::double::Double;
use crate::simd::Simd;

/// log2(e), off by 0.13 u of it.
pub const LOG2_E: f64 = std::f64::consts::LOG2_E;
/// log2(e) - LOG2_E.
const LOG2_E_REST: f64 = 2.035_527_374_093_103_3e-17;

/// 2^r, with a relative error of at most 123 u.
const POWER: [f64; 10] = [
    1.0000000000000127,
    0.693147180559871,
    0.24022650695649653,
    0.055504108668685624,
    0.009618129192067193,
    0.0013333557617602422,
    0.00015403434948103176,
    1.525298483981549e-05,
    1.3259405603655176e-06,
    1.0150336495097005e-07,
];

/// (2^r - 1) / r, with a relative error of at most 12 u.
const SLOPE: [f64; 10] = [
    0.6931471805599462,
    0.24022650695909856,
    0.05550410866465328,
    0.009618129107735967,
    0.0013333558200472578,
    0.0001540353025560803,
    1.5252673131084003e-05,
    1.3215541953456182e-06,
    1.0205864146833088e-07,
    7.0549079878632055e-09,
];

/// 2^t, for every t.
///
/// The relative error is at most 128 units of 2^-53 where 2^t is a number of [2^-1020, 2^1023]: 123 of the polynomial, and 4
/// of its roundings, of which the last, of the sum with the first coefficient, counts once, and the others by
/// |2^r - 1| / 2^r < 1/2 of what they are. Below, the result is some number of [0, 2^-1019]; above, one of at least
/// 2^1022, which may be infinite. NaN gives NaN.
#[inline(always)]
pub fn exp2<S: Simd>(s: S, t: S::F64) -> S::F64 {
    let (n, r) = s.split(t);
    s.raise(polynomial(s, r, POWER), n)
}

/// e^x, for every x, as [`exp2`].
///
/// The relative error is at most `130 + 1.2 |x|` units of 2^-53: t = x log2(e) has a relative error of 1.13 units, of the
/// product and of the constant, which is multiplied by t ln 2 = x.
#[inline(always)]
pub fn exp<S: Simd>(s: S, x: S::F64) -> S::F64 {
    exp2(s, s.mul(x, s.splat(LOG2_E)))
}

/// e^x, for every x; exactly 1 at 0.
///
/// As [`exp`], with a bound of `8 + 1.2 |x|` units: the polynomial is 1 + r ((2^r - 1) / r), and |2^r - 1| / 2^r < 0.42 of
/// the second factor's 12 units and 4 roundings are 7, to which the sum adds 1.
#[inline(always)]
pub fn exp_close<S: Simd>(s: S, x: S::F64) -> S::F64 {
    let (n, r) = s.split(s.mul(x, s.splat(LOG2_E)));
    s.raise(s.fma(r, polynomial(s, r, SLOPE), s.splat(1.0)), n)
}

/// e^(high + low), for |high| < 2^40 and |low| < 2^-20 (|high| + 1).
///
/// The relative error is at most 134 units of 2^-53, in the range that [`exp2`] has, and as there beyond: t and its error
/// are known to 2^-100 of it, so that only the sum that makes r counts, by ln 2 / 2 units.
#[inline(always)]
pub fn exp_sum<S: Simd>(s: S, high: S::F64, low: S::F64) -> S::F64 {
    let (t, error) = s.two_prod(high, s.splat(LOG2_E));
    let (n, r) = s.split(t);
    let rest = s.fma(low, s.splat(LOG2_E), s.fma(high, s.splat(LOG2_E_REST), error));
    s.raise(polynomial(s, s.add(r, rest), POWER), n)
}

/// e^x - 1, for every x up to 700; beyond, it may be NaN.
///
/// The relative error is at most `30 + 4 |x|` units of 2^-53, and 31 for x < 0. Where n = 0, the result is r times the
/// polynomial, and has the errors of t (1.13, and 1.2 times that at most), of both factors (12, and 4 of roundings) and of
/// the product. Elsewhere it is 2^n (2^r - 1) + (2^n - 1). The first term errs by 17 units and is at most 1.42 times the
/// sum (n = 1, r = -1/2); it, the second one and the sum are rounded, by 1.42, 1 and 1 units of the sum. The error
/// 1.13 |x| of t is multiplied by e^x / |e^x - 1| < 3.5, and for x < 0, |x| e^x / |e^x - 1| < 0.84.
#[inline(always)]
pub fn expm1<S: Simd>(s: S, x: S::F64) -> S::F64 {
    let (n, r) = s.split(s.mul(x, s.splat(LOG2_E)));
    let power = s.raise(s.splat(1.0), n);
    let fraction = s.mul(r, polynomial(s, r, SLOPE));
    s.fma(power, fraction, s.sub(power, s.splat(1.0)))
}

/// `c[0] + c[1] x + ...`, even and odd powers apart: half of the operations wait for each other that do in Horner's rule.
#[inline(always)]
fn polynomial<S: Simd>(s: S, x: S::F64, c: [f64; 10]) -> S::F64 {
    let square = s.mul(x, x);
    let mut sum = line(s, x, c[8], c[9]);
    for i in [6, 4, 2, 0] {
        sum = s.fma(sum, square, line(s, x, c[i], c[i + 1]));
    }
    sum
}

/// `c + d x`
#[inline(always)]
fn line<S: Simd>(s: S, x: S::F64, c: f64, d: f64) -> S::F64 {
    s.fma(s.splat(d), x, s.splat(c))
}

/// ln 2 in three pieces: two of 42 bits, whose products with |n| < 2^11 are exact, and the rest, off by 2^-136.
const LN_2: [f64; 3] = [0.693_147_180_559_663, 2.823_529_056_301_490_6e-13, 1.667_085_920_830_552e-25];

/// 1/k!.
const INVERSE_FACTORIAL: [Double; 24] = [
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
    Double::new(1.9572941063391263e-20, -1.3643503830087908e-36),
    Double::new(8.896791392450574e-22, -7.911402614872376e-38),
    Double::new(3.868170170630684e-23, -8.843177655482344e-40),
];

/// Bounds the relative error of [`exp_double`] and [`expm1_double`].
pub const DOUBLE_BOUND: f64 = 1.0 / (1u128 << 98) as f64;

/// e^x within [`DOUBLE_BOUND`] of it, where it is in [2^-900, 2^1000]; below, something smaller than 2^-899, and
/// infinity or something greater above.
///
/// x - n ln 2 is off by 2^-126 n from the pieces of ln 2, and by 8 u^2 of itself and 2 u^2 x.lo from the sums; the
/// Taylor polynomial as `taylor` says, 20 u^2 in sum. 2^-98 is 256 u^2.
pub fn exp_double(x: Double) -> Double {
    if x.hi.abs() >= 1000.0 {
        return Double::from(if x.hi > 0.0 { f64::INFINITY } else { 0.0 });
    }
    let (n, r) = reduced(x);
    (r * taylor(r) + 1.0).scale(n as i32)
}

/// e^x - 1 within [`DOUBLE_BOUND`] of it, where it is below 2^1000; infinity or something greater above.
///
/// Up to 0.35 it is x times the Taylor polynomial of (e^x - 1)/x; beyond, e^x - 1 multiplies the 20 u^2 of e^x by
/// e^x / |e^x - 1| < 3.5.
pub fn expm1_double(x: Double) -> Double {
    if x.hi.abs() < 0.35 { x * taylor(x) } else { exp_double(x) - 1.0 }
}

/// n and x - n ln 2, of which the magnitude is at most 0.35.
fn reduced(x: Double) -> (f64, Double) {
    let n = (x.hi * LOG2_E).round_ties_even();
    let r = Double::sum(x.hi, -n * LN_2[0]) + -n * LN_2[1];
    (n, r + (x.lo - n * LN_2[2]))
}

/// e^(high + low) as the sum of two numbers, for high in [-600, 700] and |low| at most half an ulp of it.
///
/// The relative error is at most 2^-84: r is known to 2^-94; the Taylor polynomial leaves out r^20/20! < 2^-91, and from the
/// 10th power on binary64 errs by 2^-52 of r^10/10! < 2^-36. The rest has errors of a few u^2 in each of ten steps.
#[inline(always)]
pub fn exp_pair<S: Simd>(s: S, high: S::F64, low: S::F64) -> (S::F64, S::F64) {
    let t = s.mul(high, s.splat(LOG2_E));
    let (n, rest) = s.split(t);
    let power = s.raise(s.splat(1.0), n);
    let n = s.sub(rest, t); // the integer, negated
    let (r, error) = s.two_sum(high, s.mul(n, s.splat(LN_2[0])));
    let (r, more) = s.two_sum(r, s.mul(n, s.splat(LN_2[1])));
    let rest = s.add(s.add(error, more), s.fma(n, s.splat(LN_2[2]), low));
    let (mut sum, mut after) = (s.splat(INVERSE_FACTORIAL[19].hi), s.splat(0.0));
    for c in INVERSE_FACTORIAL[10..19].iter().rev() {
        sum = s.fma(sum, r, s.splat(c.hi));
    }
    for c in INVERSE_FACTORIAL[..10].iter().rev() {
        let (product, error) = s.two_prod(sum, r);
        let error = s.fma(sum, rest, s.fma(after, r, error));
        let (whole, lost) = s.fast_two_sum(s.splat(c.hi), product);
        (sum, after) = (whole, s.add(lost, s.add(error, s.splat(c.lo))));
    }
    (s.mul(sum, power), s.mul(after, power))
}

/// (e^r - 1)/r for |r| <= 0.36: its Taylor polynomial of degree 22, by Horner's rule.
///
/// The first term left out is r^23/24! < 2^-112. From the 14th power on, binary64 errs by 2^-53 of r^14/15! < 2^-60. Each
/// further step errs by 4 u^2 in the product and 3 u^2 in the sum, of which |r|/2 < 0.18 or less reaches the next:
/// together less than 9 u^2 of the result.
fn taylor(r: Double) -> Double {
    let mut tail = 0.0;
    for k in (15..=23).rev() {
        tail = tail * r.hi + INVERSE_FACTORIAL[k].hi;
    }
    let mut sum = Double::from(tail);
    for c in INVERSE_FACTORIAL[1..15].iter().rev() {
        sum = sum * r + *c;
    }
    sum
}

/// The derivative of x s(v), s = sigmoid: s(v) + x v' s(v) s(-v) = (1 + e (1 + f)) / (1 + e)^2 with e = e^-v, f = x v'.
///
/// Its terms cancel for some x below zero, so that errors are relative to (1 + e (1 + |f|)) / (1 + e)^2, their magnitude.
pub mod slope {
    use crate::double::Double;
    use crate::simd::Simd;

    /// The error of [`ends`] in units of 2^-53, relative to the magnitude, where e has `of_e` and f has 4 of their own.
    ///
    /// e times the derivative by e is (e (1 - e)(1 + f) - 2 e) / (1 + e)^3, and so at most twice the magnitude. To f's 4
    /// the sum 1 + f adds one and its product and sum with e and 1 two; the square of 1 + e three; its inverse, the
    /// product with it, the ends and the magnitude one each.
    pub const fn bound(of_e: f64) -> f64 {
        2.0 * of_e + 16.0
    }

    /// The ends of the interval that `bound` leaves, for 2^-1000 < e < 2^500.
    #[inline(always)]
    pub fn ends<S: Simd>(s: S, e: S::F64, f: S::F64, bound: f64) -> (S::F64, S::F64) {
        let one = s.splat(1.0);
        let radius = bound * 2f64.powi(-53);
        let value = s.fma(e, s.add(one, f), one);
        let magnitude = s.fma(e, s.add(one, s.abs(f)), one);
        let sum = s.add(one, e);
        let inverse = s.div(one, s.mul(sum, sum));
        let low = s.fma(magnitude, s.splat(-radius), value);
        let high = s.fma(magnitude, s.splat(radius), value);
        (s.mul(low, inverse), s.mul(high, inverse))
    }

    /// RN of the same, where the error is at most `bound` times the magnitude.
    pub fn round(e: Double, f: Double, bound: f64) -> Option<f32> {
        let sum = e + 1.0;
        let square = sum * sum;
        let value = (e * (f + 1.0) + 1.0) / square;
        value.round_within(bound * (1.0 + e.hi * (1.0 + f.hi.abs())) / square.hi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Kernel, Level, dispatch};

    /// e^1 and e^-20.5 to 106 bits.
    #[test]
    fn double_double_has_its_digits() {
        for (x, hi, lo) in
            [(1.0, std::f64::consts::E, 1.4456468917292502e-16), (-20.5, 1.2501528663867426e-09, 6.448235878237776e-26)]
        {
            let error = exp_double(Double::from(x)) - Double::new(hi, lo);
            assert!(error.hi.abs() < hi * 2f64.powi(-101), "{x}: {error:?}");
        }
    }

    #[test]
    fn double_double_agrees_with_itself() {
        for i in -4000..4000 {
            let x = f64::from(i) * 0.01371;
            let (half, whole) = (exp_double(Double::from(x / 2.0)), exp_double(Double::from(x)));
            assert!((half * half - whole).hi.abs() <= whole.hi * 2f64.powi(-99), "{x}");
            let less = expm1_double(Double::from(x));
            assert!((less + 1.0 - whole).hi.abs() <= (whole.hi + 1.0) * 2f64.powi(-99), "{x}");
            // (e^x - 1) = (e^(x/2) - 1) (e^(x/2) + 1)
            let product = expm1_double(Double::from(x / 2.0)) * (half + 1.0);
            assert!((product - less).hi.abs() <= less.hi.abs() * 2f64.powi(-98), "{x}");
        }
    }

    struct Against<'a> {
        xs: &'a [f64],
        worst: &'a mut [f64; 5],
    }

    impl Kernel for Against<'_> {
        type Output = ();

        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            let mut lanes = [0.0; 8];
            for &x in self.xs {
                let low = x * 3e-10;
                let exact = exp_double(Double::from(x));
                let units = |got: f64, exact: Double| ((exact - got).hi / exact.hi).abs() * 2f64.powi(53);
                s.store(exp(s, s.splat(x)), &mut lanes);
                self.worst[0] = self.worst[0].max(units(lanes[0], exact) / (130.0 + 1.2 * x.abs()));
                s.store(exp_close(s, s.splat(x)), &mut lanes);
                self.worst[3] = self.worst[3].max(units(lanes[0], exact) / (8.0 + 1.2 * x.abs()));
                s.store(exp_sum(s, s.splat(x), s.splat(low)), &mut lanes);
                self.worst[1] = self.worst[1].max(units(lanes[0], exp_double(Double::sum(x, low))) / 134.0);
                if (-600.0..=700.0).contains(&x) {
                    let low = x * 2f64.powi(-55);
                    let exact = exp_double(Double::new(x, low));
                    let (high, low) = exp_pair(s, s.splat(x), s.splat(low));
                    s.store(high, &mut lanes);
                    let high = lanes[0];
                    s.store(low, &mut lanes);
                    let units = ((exact - Double::sum(high, lanes[0])).hi / exact.hi).abs() * 2f64.powi(84);
                    self.worst[4] = self.worst[4].max(units);
                }
                if x != 0.0 && x < 700.0 {
                    s.store(expm1(s, s.splat(x)), &mut lanes);
                    let units = units(lanes[0], expm1_double(Double::from(x)));
                    self.worst[2] = self.worst[2].max(units / if x < 0.0 { 31.0 } else { 30.0 + 4.0 * x });
                }
            }
        }
    }

    #[test]
    fn vectors_keep_their_bounds() {
        let mut xs: Vec<f64> = (-70_000..70_000).map(|i| f64::from(i) * 0.010_042_31).collect();
        xs.extend((-40_000..40_000).map(|i| f64::from(i) * 0.000_042_31));
        xs.extend((-300..0).flat_map(|n| [2f64.powi(n), -1.7 * 2f64.powi(n)]));
        for level in Level::ALL.into_iter().filter(|&level| level <= Level::best()) {
            level.set().expect("the machine has it");
            let mut worst = [0.0; 5];
            dispatch(Against { xs: &xs, worst: &mut worst });
            assert!(worst[..4].iter().all(|&w| 0.1 < w && w <= 1.0), "{level}: {worst:?} of the bounds");
            assert!(worst[4] <= 1.0, "{level}: {worst:?} of the bounds");
        }
    }
}
