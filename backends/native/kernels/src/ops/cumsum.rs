//! cumsum(x, axis): the sums of the first 1, 2, ... elements along an axis, each rounded once (contract N3.1).
//!
//! One sum by TwoSum, whose errors are summed beside it, runs along the row; what it leaves undecided at a place is settled by
//! an exact one, which follows as far as it is needed.

use crate::array::Array;
use crate::error::Result;
use crate::exact::Exact;
use crate::order::map_rows;
use crate::sums::Compensated;

/// Terms up to which the sum by TwoSum counts its additions.
const COUNTED: usize = 1 << 31;

/// RN of the exact sums up to each element along the axes, which are one, or all, which are one row.
pub fn cumsum(x: &Array, axes: &[usize]) -> Result<Array> {
    map_rows(x, axes, |_| Ok(()), |row, (), out: &mut [f32]| sums(row, out))
}

fn sums(row: &[f32], out: &mut [f32]) {
    let (mut sum, mut exact, mut followed) = (Compensated::ZERO, Exact::new(), 0);
    for (i, to) in out.iter_mut().enumerate() {
        if i < COUNTED {
            sum.add(f64::from(row[i]));
        } else {
            sum.high += f64::from(row[i]); // for infinities and NaN alone
        }
        if !sum.high.is_finite() {
            *to = sum.high as f32; // as N3.2 has it, from here on
            continue;
        }
        let quick = if i < COUNTED { sum.quotient(1) } else { None };
        *to = quick.unwrap_or_else(|| {
            row[followed..=i].iter().for_each(|&x| exact.add(f64::from(x)));
            followed = i + 1;
            exact.round()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sums::total;

    #[test]
    fn every_place_has_the_sum_of_what_is_before_it() {
        let spread = |i: u32| f32::from_bits(i.wrapping_mul(2_654_435_761) & 0xbfff_ffff);
        let hard =
            [16_777_216.0, 1.0, f32::from_bits(1), -1.0, 3e38, 3e38, -3e38, -0.0, 1e-30, -1e30, f32::from_bits(1)];
        for elements in [hard.to_vec(), vec![-0.0; 3], (0..2000).map(spread).collect()] {
            let x = Array::from_slice(&elements, &[elements.len()]).unwrap();
            for (i, y) in cumsum(&x, &[0]).unwrap().to_vec::<f32>().into_iter().enumerate() {
                assert_eq!(y.to_bits(), total(&elements[..=i]).to_bits(), "{i} of {elements:?}");
            }
        }
        let x = Array::from_slice(&[1.0, f32::INFINITY, 2.0, f32::NEG_INFINITY, 3.0], &[5]).unwrap();
        let y = cumsum(&x, &[0]).unwrap().to_vec::<f32>();
        assert_eq!(y[..3], [1.0, f32::INFINITY, f32::INFINITY]);
        assert!(y[3..].iter().all(|y| y.is_nan()));
    }
}
