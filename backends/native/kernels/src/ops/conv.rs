//! conv(x, weight, bias) of any number of spatial axes, each element rounded once, the bias inside; nothing is padded. See
//! [`crate::contraction`].
//!
//! For each sample and group it is a product of matrices: the kernels, one in a row, times the windows, one in a column.
//! The bias is one more term, its other factor one.

use smallvec::SmallVec;

use crate::array::{Array, Shape, Strides};
use crate::contraction::{Addend, Last, Terms, Windows, batch_product};
use crate::copy::joined;
use crate::environment;
use crate::error::{Error, Result};

/// RN of every sum of products and bias: x (N, C, *spatial), weight (O, C / groups, *kernel), bias (O,) give
/// (N, O, *places).
pub fn conv(
    x: &Array,
    weight: &Array,
    bias: Option<&Array>,
    stride: &[usize],
    dilation: &[usize],
    groups: usize,
) -> Result<Array> {
    let places = places(x, weight, bias, stride, dilation, groups).ok_or_else(|| {
        let bias = bias.map(Array::shape);
        Error::Operands(format!(
            "conv: x of shape {:?}, weight of shape {:?} and bias of shape {bias:?} do not fit, with stride {stride:?}, \
             dilation {dilation:?} and {groups} groups",
            x.shape(),
            weight.shape()
        ))
    })?;
    let (kernel, steps) = (&weight.shape()[1..], &x.strides()[2..]);
    let mut shape = Shape::from_slice(&[x.shape()[0], weight.shape()[0]]);
    shape.extend_from_slice(&places);
    Array::try_build(&shape, |out: &mut [f32]| {
        if out.is_empty() {
            return Ok(());
        }
        // Along an axis of one place, or of one element, nothing moves, whatever the number says.
        let moves = |lengths: &[usize], by: &[usize]| -> Strides {
            let each = lengths.iter().zip(by).zip(steps);
            each.map(|((&n, &by), &step)| if n == 1 { 0 } else { by as isize * step }).collect()
        };
        let mut within: Strides = SmallVec::from_slice(&x.strides()[1..2]);
        within.extend(moves(&kernel[1..], dilation));
        let mut between: Strides = SmallVec::from_slice(&x.strides()[..1]);
        between.extend(moves(&places, stride));
        let mut windows: Shape = SmallVec::from_slice(&x.shape()[..1]);
        windows.extend_from_slice(&places);
        let terms = [Terms::new(kernel, &weight.strides()[1..])?, Terms::new(kernel, &within)?];
        let each = weight.shape()[0] / groups;
        let axes = [&[(each, weight.strides()[0])][..], &joined(&windows, &between)];
        let lasts = |group: usize| match bias {
            None => [Last::None, Last::None],
            Some(bias) => {
                let stride = bias.strides()[0];
                let offset = bias.offset() as isize + (group * each) as isize * stride;
                [Last::Addend(Addend { elements: bias.raw(), offset, stride }), Last::One]
            }
        };
        let lefts: Vec<Windows> = (0..groups)
            .map(|group| Windows {
                elements: weight.raw(),
                offset: weight.offset() as isize + (group * each) as isize * weight.strides()[0],
                count: each,
                axes: axes[0],
                terms: &terms[0],
                last: lasts(group)[0],
            })
            .collect();
        let n = places.iter().product();
        let rights: Vec<Windows> = (0..groups)
            .map(|group| Windows {
                elements: x.raw(),
                offset: x.offset() as isize + (group * kernel[0]) as isize * x.strides()[1],
                count: x.shape()[0] * n,
                axes: axes[1],
                terms: &terms[1],
                last: lasts(group)[1],
            })
            .collect();
        environment::with_default(|| batch_product(&lefts, &rights, n, out))
    })
}

/// How many windows there are on each axis; `None` where operands do not fit.
fn places(
    x: &Array,
    weight: &Array,
    bias: Option<&Array>,
    stride: &[usize],
    dilation: &[usize],
    groups: usize,
) -> Option<Shape> {
    let axes = weight.shape().len().checked_sub(2)?;
    let [outputs, inputs] = weight.shape()[..2] else { return None };
    let fits = x.shape().len() == axes + 2
        && stride.len() == axes
        && dilation.len() == axes
        && groups > 0
        && outputs % groups == 0
        && Some(x.shape()[1]) == inputs.checked_mul(groups).or((inputs == 0).then_some(0))
        && bias.is_none_or(|bias| bias.shape() == [outputs]);
    if !fits {
        return None;
    }
    (0..axes)
        .map(|i| {
            let reach = (weight.shape()[2 + i].checked_sub(1)?).checked_mul(dilation[i])?;
            let room = x.shape()[2 + i].checked_sub(1)?.checked_sub(reach)?;
            Some(room.checked_div(stride[i])? + 1)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::Exact;
    use crate::simd::Level;
    use crate::threads;

    /// By the formula, in fixed point.
    fn reference(
        x: &Array,
        w: &Array,
        bias: Option<&Array>,
        stride: &[usize],
        dilation: &[usize],
        groups: usize,
    ) -> Vec<f32> {
        let (xs, ws) = (x.to_vec::<f32>(), w.to_vec::<f32>());
        let bias = bias.map(Array::to_vec::<f32>);
        let places = places(x, w, None, stride, dilation, groups).unwrap();
        let (outputs, inputs) = (w.shape()[0], w.shape()[1]);
        let index = |mut i: usize, shape: &[usize]| -> Vec<usize> {
            let mut found: Vec<usize> = shape.iter().rev().map(|&n| (i % n, i /= n).0).collect();
            found.reverse();
            found
        };
        let mut all = vec![];
        for sample in 0..x.shape()[0] {
            for o in 0..outputs {
                for place in 0..places.iter().product() {
                    let place = index(place, &places);
                    let mut terms = vec![bias.as_ref().map_or(0.0, |bias| f64::from(bias[o]))];
                    for t in 0..w.shape()[1..].iter().product() {
                        let k = index(t, &w.shape()[1..]);
                        let channel = o / (outputs / groups) * inputs + k[0];
                        let at = (0..places.len()).fold(sample * x.shape()[1] + channel, |at, i| {
                            at * x.shape()[2 + i] + place[i] * stride[i] + k[1 + i] * dilation[i]
                        });
                        let weight = ws[o * w.shape()[1..].iter().product::<usize>() + t];
                        terms.push(f64::from(weight) * f64::from(xs[at]));
                    }
                    let plain: f64 = terms.iter().sum();
                    let mut sum = Exact::new();
                    all.push(if plain.is_finite() {
                        terms.iter().for_each(|&x| sum.add(x));
                        sum.round()
                    } else {
                        plain as f32
                    });
                }
            }
        }
        all
    }

    struct Random(u64);

    impl Random {
        fn below(&mut self, n: usize) -> usize {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (self.0 >> 33) as usize % n
        }

        fn array(&mut self, shape: &[usize], kind: usize) -> Array {
            let number = |_| match kind {
                0 => self.below(1 << 24) as f32 / (1 << 23) as f32 - 1.0,
                1 => self.below(17) as f32 - 8.0,
                2 => [1e30, -1e30, 1.0, 1e-30, 0.0][self.below(5)],
                3 => [4097.0, 1.0, -1.0, 0.0, 2f32.powi(-149)][self.below(5)],
                _ => [f32::INFINITY, 0.0, 1.0, -1.0, f32::NAN, 2.0, 3.0, 0.5][self.below(40).min(7)],
            };
            let elements: Vec<f32> = (0..shape.iter().product()).map(number).collect();
            let array = Array::from_slice(&elements, shape).unwrap();
            if self.below(3) > 0 {
                return array;
            }
            // The same elements in another order in memory.
            let turned: Shape = shape.iter().rev().copied().collect();
            let axes: Vec<usize> = (0..shape.len()).rev().collect();
            let copy = crate::ops::transpose::transpose(&array, &axes).contiguous().unwrap();
            assert_eq!(copy.shape(), &turned[..]);
            crate::ops::transpose::transpose(&copy, &axes)
        }
    }

    fn check(random: &mut Random, x: &[usize], w: &[usize], stride: &[usize], dilation: &[usize], groups: usize) {
        let kind = random.below(5);
        let (x, w) = (random.array(x, kind), random.array(w, random.0 as usize % 4));
        let bias = (random.below(2) == 0).then(|| random.array(&w.shape()[..1], kind));
        let want = reference(&x, &w, bias.as_ref(), stride, dilation, groups);
        for level in Level::ALL.into_iter().filter(|&level| level <= Level::best()) {
            level.set().unwrap();
            let got = conv(&x, &w, bias.as_ref(), stride, dilation, groups).unwrap().to_vec::<f32>();
            let same = |(x, y): (&f32, &f32)| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan();
            let found = got.iter().zip(&want).position(|pair| !same(pair));
            assert!(
                got.len() == want.len() && found.is_none(),
                "{level}: {:?} * {:?} by {stride:?}, {dilation:?}, {groups} groups: {found:?}",
                x.shape(),
                w.shape()
            );
        }
        Level::best().set().unwrap();
    }

    #[test]
    fn every_element_is_the_nearest_number() {
        let mut random = Random(3);
        for _ in 0..150 {
            let axes = 1 + random.below(3);
            let groups = 1 + random.below(3);
            let (mut x, mut w) = (vec![1 + random.below(4)], vec![groups * (1 + random.below(10))]);
            let inputs = random.below(5);
            x.push(inputs * groups);
            w.push(inputs);
            let most = [30, 10, 5][axes - 1];
            let (mut stride, mut dilation) = (vec![], vec![]);
            for _ in 0..axes {
                let (k, d) = (1 + random.below(4), 1 + random.below(3));
                w.push(k);
                dilation.push(d);
                stride.push(1 + random.below(3));
                x.push((k - 1) * d + 1 + random.below(most));
            }
            check(&mut random, &x, &w, &stride, &dilation, groups);
        }
    }

    #[test]
    fn few_sums_of_many_terms() {
        let mut random = Random(4);
        for (x, w, stride, dilation, groups) in [
            ([3, 5, 23, 22], [2, 5, 21, 20], [1, 1], [1, 1], 1),
            ([2, 2, 41, 60], [35, 2, 40, 60], [1, 1], [1, 1], 1),
            ([1, 4, 39, 41], [4, 2, 20, 40], [2, 1], [2, 1], 2),
            ([50, 3, 30, 31], [3, 3, 29, 29], [1, 1], [1, 1], 1),
        ] {
            check(&mut random, &x, &w, &stride, &dilation, groups);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let of = |shape: &[usize]| Array::from_slice(&vec![1.0f32; shape.iter().product()], shape).unwrap();
        let (x, w) = (of(&[1, 2, 5]), of(&[4, 2, 3]));
        assert!(conv(&x, &w, None, &[1], &[1], 1).is_ok());
        for (stride, dilation, groups) in [
            (&[0][..], &[1][..], 1),
            (&[1], &[3], 1),
            (&[1], &[usize::MAX], 1),
            (&[1, 1], &[1], 1),
            (&[1], &[1], 2),
            (&[1], &[1], 0),
        ] {
            assert!(matches!(conv(&x, &w, None, stride, dilation, groups), Err(Error::Operands(_))));
        }
        assert!(conv(&x, &w, Some(&of(&[3])), &[1], &[1], 1).is_err());
        assert!(conv(&x, &of(&[4, 2, 6]), None, &[1], &[1], 1).is_err());
        assert!(conv(&x, &of(&[4]), None, &[], &[], 1).is_err());
    }

    #[test]
    fn threads_change_no_bit() {
        let mut random = Random(5);
        for (x, w) in [
            ([8, 16, 28, 28], [32, 16, 3, 3]),
            ([1, 40, 40, 40], [40, 40, 3, 3]),
            ([16, 32, 30, 30], [32, 32, 28, 28]),
            ([64, 96, 7, 7], [64, 96, 3, 3]),
        ] {
            let (x, w) = (random.array(&x, 0), random.array(&w, 0));
            let mut want: Option<Vec<u32>> = None;
            for count in [1, 2, 3] {
                threads::set_count(count);
                let got = conv(&x, &w, None, &[1, 1], &[1, 1], 1).unwrap();
                let bits = got.to_vec::<f32>().iter().map(|x| x.to_bits()).collect();
                assert!(want.get_or_insert_with(|| Vec::clone(&bits)) == &bits, "{count} threads");
            }
            threads::set_count(2);
        }
    }
}
