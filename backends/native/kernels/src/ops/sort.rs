//! sort(x, axis, descending): the elements along an axis in order: -0 before +0, NaN last; descending is the reverse of
//! that. No bit changes but those of NaN. See [`crate::order`].

use crate::array::Array;
use crate::error::Result;
use crate::memory::reserved;
use crate::order::{ascending, map_rows, number};

/// The elements in order along the axes, which are one, or all, which are one row.
pub fn sort(x: &Array, axes: &[usize], descending: bool) -> Result<Array> {
    map_rows(x, axes, reserved, |row, keys: &mut Vec<i32>, out: &mut [f32]| {
        keys.clear();
        keys.extend(row.iter().map(|&x| ascending(x)));
        keys.sort_unstable();
        if descending {
            out.iter_mut().zip(keys.iter().rev()).for_each(|(to, &key)| *to = number(key));
        } else {
            out.iter_mut().zip(keys.iter()).for_each(|(to, &key)| *to = number(key));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{argsort::argsort, gather::gather};

    #[test]
    fn the_order_is_that_of_the_places() {
        let mut elements: Vec<f32> = (0..6000u32).map(|i| f32::from_bits(i.wrapping_mul(2_654_435_761))).collect();
        elements.iter_mut().step_by(7).for_each(|x| *x = 0.0);
        elements.iter_mut().step_by(11).for_each(|x| *x = -0.0);
        for shape in [&[6000][..], &[20, 300], &[300, 20], &[2, 3000]] {
            let x = Array::from_slice(&elements, shape).unwrap();
            for axis in 0..shape.len() {
                for descending in [false, true] {
                    let places = argsort(&x, &[axis], descending).unwrap();
                    let wanted = gather(&x, &places, axis).unwrap().canonical().unwrap().to_vec::<f32>();
                    let found = sort(&x, &[axis], descending).unwrap().canonical().unwrap().to_vec::<f32>();
                    let same = found.iter().zip(&wanted).all(|(x, y)| x.to_bits() == y.to_bits());
                    assert!(same, "{shape:?} along {axis}");
                }
            }
        }
    }
}
