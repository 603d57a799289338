//! One sum of products, rounded once: what the interval of the plain sum leaves open.
//!
//! First by TwoSum (Ogita, Rump, Oishi, Accurate sum and dot product, SIAM J. Sci. Comput. 26(6), 2005): the additions'
//! exact errors e_i are summed plainly, in whatever order, which errs by at most `(n - 1) u / (1 - (n - 1) u) sum |e_i|`
//! for n of them. Where there is no error at all, the sum is exact. What that leaves open is summed in fixed point.

use crate::double::{Double, two_sum};
use crate::exact::Exact;
use crate::simd::{Kernel, Simd, dispatch};

use super::UNIT;

/// RN of the exact sum of finite terms, each a binary32 number or a product of two.
pub fn round_sum(terms: &[f64]) -> f32 {
    let [sum, error, size] = dispatch(TwoSums { terms });
    // Terms and lanes make fewer than n + 64 additions; the last eight are for the roundings of the bound itself.
    let bound = size * (terms.len() as f64 + 72.0) * UNIT;
    Double::sum(sum, error).round_within(bound).unwrap_or_else(|| {
        let mut sum = Exact::new();
        terms.iter().for_each(|&term| sum.add(term));
        sum.round()
    })
}

/// The rounded sum, the sum of its errors, and the sum of the errors' magnitudes.
struct TwoSums<'a> {
    terms: &'a [f64],
}

/// Vectors side by side, so that the latency of one is hidden behind the others.
const ABREAST: usize = 4;

impl Kernel for TwoSums<'_> {
    type Output = [f64; 3];

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> [f64; 3] {
        let zero = s.splat(0.0);
        let (mut sums, mut errors, mut sizes) = ([zero; ABREAST], [zero; ABREAST], [zero; ABREAST]);
        let mut blocks = self.terms.chunks_exact(ABREAST * S::LANES);
        for block in &mut blocks {
            for i in 0..ABREAST {
                let (sum, error) = s.two_sum(sums[i], s.load(&block[i * S::LANES..]));
                sums[i] = sum;
                errors[i] = s.add(errors[i], error);
                sizes[i] = s.add(sizes[i], s.abs(error));
            }
        }
        let mut total = [0.0f64; 3];
        let mut add = |x: f64| {
            let (sum, error) = two_sum(total[0], x);
            total = [sum, total[1] + error, total[2] + error.abs()];
        };
        blocks.remainder().iter().for_each(|&x| add(x));
        let mut lanes = [0.0; 8];
        for sum in sums {
            s.store(sum, &mut lanes);
            lanes[..S::LANES].iter().for_each(|&x| add(x));
        }
        for i in 0..ABREAST {
            s.store(errors[i], &mut lanes);
            total[1] += lanes[..S::LANES].iter().sum::<f64>();
            s.store(sizes[i], &mut lanes);
            total[2] += lanes[..S::LANES].iter().sum::<f64>();
        }
        total
    }
}
