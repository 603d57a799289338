//! var(x, axis, keepdims, correction): the variance of the elements along some axes, rounded once.
//!
//! With any c and d = x - c, it is V = (D - T^2 / n) / (n - correction), where D = sum d^2 and T = sum d. A c near the mean, from
//! some of the first elements, leaves little of T; then nearly all is in D, a sum without cancellation.
//!
//! The error, with u = 2^-53 and m the additions that a term passes through: d errs by u of itself, so that D errs by
//! (m + 3) u D, with or without a fused multiplication; T errs by t = (m + 1) u sum |d| <= (m + 1) u sqrt(n D), so that T^2 / n errs
//! by t (2 |T| + t) / n and three roundings more; the difference errs by u D, as T^2 / n <= D; n - correction, the
//! quotient, and each end of the interval by another u. Two units of m are for the products of these.
//!
//! Where that leaves it open, it is tried again around the mean itself, and then V = (n Q - S^2) / (n (n - correction))
//! is computed in integers, with the exact sums S of the elements and Q of their squares.

use crate::array::Array;
use crate::double::UNIT;
use crate::error::Result;
use crate::exact::Exact;
use crate::natural::{Natural, round_ratio};
use crate::reduce::{ABREAST, Fold, add_to, reduce};
use crate::simd::{Kernel, Simd, dispatch};
use crate::sums::{ACROSS, SIDES, across, pairs, sides};

/// RN of the exact variances along `axes`, which are sorted; `n > correction`.
pub fn var(x: &Array, axes: &[usize], keepdims: bool, correction: f32) -> Result<Array> {
    reduce(Variance { correction, root: false, center: 0.0 }, x, axes, keepdims)
}

/// The variance, or its root.
#[derive(Clone, Copy, Debug)]
pub struct Variance {
    /// What is subtracted from the number of elements.
    pub correction: f32,
    /// Whether it is the standard deviation.
    pub root: bool,
    /// The number that a row is taken around. (Columns have one each.)
    pub center: f64,
}

/// The sums D and T.
#[derive(Clone, Copy, Debug)]
pub struct Moments {
    squares: f64,
    rest: f64,
    /// No term has passed through more additions.
    depth: u32,
}

/// Those of columns, and the numbers that these are taken around.
#[derive(Clone, Debug)]
pub struct Block {
    centers: Vec<f64>,
    squares: Vec<f64>,
    rests: Vec<f64>,
    depth: u32,
}

/// The mean, nearly; any number would do.
fn center_of(sum: f64, n: usize) -> f64 {
    if sum.is_finite() { sum / n as f64 } else { 0.0 }
}

impl Variance {
    /// RN of the result of a row of finite numbers.
    fn exact(self, row: &[f32]) -> f32 {
        let (mut sum, mut squares) = (Exact::new(), Exact::new());
        for &x in row {
            let x = f64::from(x);
            sum.add(x);
            squares.add(x * x);
        }
        // All in units of 2^-352, but for the correction, whose last bit is 2^-149.
        let n = Natural::from(row.len() as u64);
        let sum = Natural::from_digits(&sum.magnitude().1);
        let squares = Natural::from_digits(&squares.magnitude().1);
        let numerator = n.times(&squares).shifted(352).minus(&sum.times(&sum));
        let mut correction = Exact::new();
        correction.add(row.len() as f64);
        correction.add(-f64::from(self.correction));
        let divisor = Natural::from_digits(&correction.magnitude().1);
        round_ratio(&numerator, &n.times(&divisor), 352 - 704, self.root)
    }
}

struct Around<'a> {
    fold: Variance,
    row: &'a [f32],
}

impl Kernel for Around<'_> {
    type Output = Moments;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Moments {
        self.fold.stretch(s, self.row, 0)
    }
}

impl Fold for Variance {
    type Out = f32;
    type State = Moments;
    type Block = Block;
    type Again = Variance;

    #[inline(always)]
    fn aimed(self, first: &[f32]) -> Variance {
        let mut sums = [0.0; 8]; // side by side, as each addition waits for the one before
        let groups = first.chunks_exact(sums.len());
        let rest: f64 = groups.remainder().iter().map(|&x| f64::from(x)).sum();
        for group in groups {
            sums.iter_mut().zip(group).for_each(|(sum, &x)| *sum += f64::from(x));
        }
        Variance { center: center_of(rest + sums.iter().sum::<f64>(), first.len()), ..self }
    }

    #[inline(always)]
    fn stretch<S: Simd>(self, s: S, x: &[f32], _: usize) -> Moments {
        let (zero, center) = (s.splat(0.0), s.splat(self.center));
        let (mut squares, mut rests) = ([zero; SIDES], [zero; SIDES]);
        let groups = x.chunks_exact(SIDES * S::LANES);
        let remainder = groups.remainder();
        let vectors = remainder.chunks_exact(S::LANES);
        let last = vectors.remainder();
        let mut depth = last.len() as u32;
        if x.len() >= S::LANES {
            depth = depth.max((groups.len() + 1) as u32 + ACROSS) + 1;
            for group in groups {
                for side in 0..SIDES {
                    let d = s.sub(s.widen(s.load_f32(&group[side * S::LANES..])), center);
                    squares[side] = s.fma(d, d, squares[side]);
                    rests[side] = s.add(rests[side], d);
                }
            }
            for (side, vector) in vectors.enumerate() {
                let d = s.sub(s.widen(s.load_f32(vector)), center);
                squares[side] = s.fma(d, d, squares[side]);
                rests[side] = s.add(rests[side], d);
            }
        }
        let mut sums = Moments { squares: 0.0, rest: 0.0, depth };
        for &x in last {
            let d = f64::from(x) - self.center;
            sums.squares += d * d;
            sums.rest += d;
        }
        if x.len() >= S::LANES {
            sums.squares += across(s, sides(s, squares));
            sums.rest += across(s, sides(s, rests));
        }
        sums
    }

    #[inline(always)]
    fn join(self, x: Moments, y: Moments) -> Moments {
        Moments { squares: x.squares + y.squares, rest: x.rest + y.rest, depth: x.depth.max(y.depth) + 1 }
    }

    #[inline(always)]
    fn result(self, state: Moments, n: usize) -> Option<f32> {
        let Moments { squares, rest, depth } = state;
        if !squares.is_finite() {
            return Some(f32::NAN);
        }
        let n = n as f64;
        let divisor = n - f64::from(self.correction);
        let rests = rest * rest / n;
        let variance = (squares - rests) / divisor;
        let unit = f64::from(depth + 6) * UNIT;
        let of_rest = unit * (n * squares).sqrt();
        let bound = unit * squares + of_rest * (2.0 * rest.abs() + of_rest) / n + 3.0 * UNIT * rests;
        let bound = bound / divisor + 4.0 * UNIT * variance.abs();
        let (low, high) = (variance - bound, variance + bound);
        let (low, high) = if self.root {
            // The root and the product err by a unit each.
            (low.max(0.0).sqrt() * (1.0 - 4.0 * UNIT), high.sqrt() * (1.0 + 4.0 * UNIT))
        } else {
            (low, high)
        };
        let result = low as f32;
        (result.to_bits() == (high as f32).to_bits()).then_some(result)
    }

    #[inline(never)]
    fn settle(self, row: &[f32]) -> f32 {
        let again = Variance { center: center_of(row.iter().map(|&x| f64::from(x)).sum(), row.len()), ..self };
        let state = dispatch(Around { fold: again, row });
        again.result(state, row.len()).unwrap_or_else(|| self.exact(row))
    }

    fn block(self, rows: &[&[f32]], width: usize, period: usize) -> Block {
        let mut sums = vec![0.0; period];
        let mut count = 0;
        for row in rows.iter().flat_map(|row| row.chunks_exact(period)) {
            sums.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x));
            count += 1;
        }
        let centers = sums.iter().map(|&sum| center_of(sum, count.max(1))).cycle().take(width).collect();
        Block { centers, squares: vec![0.0; width], rests: vec![0.0; width], depth: 0 }
    }

    #[inline(always)]
    fn rows<S: Simd, const N: usize>(self, s: S, rows: [&[f32]; N], _: usize, block: &mut Block) {
        const { assert!(N <= ABREAST) };
        let width = rows[0].len();
        let centers = &block.centers[..width];
        let (squares, rests) = (&mut block.squares[..width], &mut block.rests[..width]);
        let whole = width / S::LANES * S::LANES;
        for i in (0..whole).step_by(S::LANES) {
            let center = s.load(&centers[i..]);
            let mut d = [center; N];
            let mut sum = s.load(&squares[i..]);
            for row in 0..N {
                d[row] = s.sub(s.widen(s.load_f32(&rows[row][i..])), center);
                sum = s.fma(d[row], d[row], sum);
            }
            s.store(sum, &mut squares[i..]);
            s.store(s.add(s.load(&rests[i..]), pairs(s, d)), &mut rests[i..]);
        }
        for i in whole..width {
            for row in rows {
                let d = f64::from(row[i]) - centers[i];
                squares[i] += d * d;
                rests[i] += d;
            }
        }
        block.depth += N as u32;
    }

    fn join_blocks(self, mut x: Block, y: Block) -> Block {
        add_to(&mut x.squares, &y.squares);
        add_to(&mut x.rests, &y.rests);
        x.depth = x.depth.max(y.depth) + 1;
        x
    }

    #[inline(always)]
    fn column(self, block: &Block, i: usize) -> Moments {
        Moments { squares: block.squares[i], rest: block.rests[i], depth: block.depth }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_say_the_same() {
        let row: Vec<f32> = (0..300).map(|i| ((i * 7919) % 1013) as f32 * 2f32.powi((i % 40) - 20)).collect();
        for n in 2..row.len() {
            for correction in [0.0, 1.0, 0.3, -1e30, 1.0 + f32::EPSILON] {
                for root in [false, true] {
                    let fold = Variance { correction, root, center: 0.0 };
                    // Around a number far from the mean, too, where nearly all cancels.
                    for quick in [fold.aimed(&row[..1]), Variance { center: 1e10, ..fold }] {
                        let state = dispatch(Around { fold: quick, row: &row[..n] });
                        if let Some(result) = quick.result(state, n) {
                            assert_eq!(result.to_bits(), fold.exact(&row[..n]).to_bits(), "{n} {correction} {root}");
                        }
                    }
                }
            }
        }
    }
}
