//! linear(x, weight, bias) = x @ weight^T + bias, each element rounded once, the bias inside. See [`crate::contraction`].

use crate::array::Array;
use crate::contraction::{Addend, strided_product};
use crate::environment;
use crate::error::{Error, Result};

use super::matmul::all_rows;

/// RN of every sum of products and bias: x (..., in), weight (out, in), bias (out,) give (..., out).
pub fn linear(x: &Array, weight: &Array, bias: Option<&Array>) -> Result<Array> {
    let fits = weight.shape().len() == 2
        && x.shape().last() == weight.shape().last()
        && bias.is_none_or(|bias| bias.shape() == &weight.shape()[..1]);
    if !fits {
        let bias = bias.map(Array::shape);
        return Err(Error::Operands(format!(
            "linear: x of shape {:?}, weight of shape {:?} and bias of shape {bias:?} do not fit",
            x.shape(),
            weight.shape()
        )));
    }
    let (mut left, mut right) = (None, None);
    let (left, right) = (all_rows(x, &mut left)?, all_rows(weight, &mut right)?);
    let addend =
        bias.map(|bias| Addend { elements: bias.raw(), offset: bias.offset() as isize, stride: bias.strides()[0] });
    let mut shape = x.shape().to_vec();
    *shape.last_mut().expect("it has an axis") = weight.shape()[0];
    Array::try_build(&shape, |out: &mut [f32]| environment::with_default(|| strided_product(left, right, addend, out)))
}
