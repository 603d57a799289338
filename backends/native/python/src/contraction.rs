//! Matrix products, and convolutions, which are made of them.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use rcmlrs_kernels::{Array, ops};

use crate::array::NativeArray;
use crate::compute;
use crate::errors::python_error;
use crate::moves::Lengths;

/// Multiplications that take as long as one element of other kernels.
const QUICK: usize = 16;

/// The multiplications of a product of x, whose last axis is summed over, with so many columns.
fn work(x: &NativeArray, columns: usize) -> usize {
    x.0.size().saturating_mul(columns) / QUICK
}

/// Every element RN of the exact dot product of a row and a column.
#[pyfunction]
fn matmul(py: Python<'_>, x: &Bound<'_, NativeArray>, y: &Bound<'_, NativeArray>) -> PyResult<NativeArray> {
    let (x, y) = (x.get(), y.get());
    let columns = if y.0.shape().len() < 2 { 1 } else { y.0.shape()[y.0.shape().len() - 1] };
    let product = compute(py, work(x, columns), || ops::matmul::matmul(x.0.of::<f32>()?, y.0.of::<f32>()?));
    product.map(NativeArray).map_err(python_error)
}

/// x @ weight^T + bias, the bias inside the one rounding.
#[pyfunction]
#[pyo3(signature = (x, weight, bias=None))]
fn linear(
    py: Python<'_>,
    x: &Bound<'_, NativeArray>,
    weight: &Bound<'_, NativeArray>,
    bias: Option<&Bound<'_, NativeArray>>,
) -> PyResult<NativeArray> {
    let (x, weight, bias) = (x.get(), weight.get(), bias.map(|bias| &bias.get().0));
    let columns = weight.0.shape().first().copied().unwrap_or(1);
    let product = compute(py, work(x, columns), || {
        let bias = bias.map(Array::of::<f32>).transpose()?;
        ops::linear::linear(x.0.of::<f32>()?, weight.0.of::<f32>()?, bias)
    });
    product.map(NativeArray).map_err(python_error)
}

/// A convolution without padding, the bias inside the one rounding.
#[pyfunction]
#[pyo3(signature = (x, weight, bias=None, *, stride, dilation, groups))]
fn conv(
    py: Python<'_>,
    x: &Bound<'_, NativeArray>,
    weight: &Bound<'_, NativeArray>,
    bias: Option<&Bound<'_, NativeArray>>,
    stride: Lengths,
    dilation: Lengths,
    groups: usize,
) -> PyResult<NativeArray> {
    let (x, weight, bias) = (&x.get().0, &weight.get().0, bias.map(|bias| &bias.get().0));
    // Hardly an element of x is in more windows than the kernel has elements.
    let work = x.size().saturating_mul(weight.size() / x.shape().get(1).map_or(1, |&n| n.max(1)));
    let sums = compute(py, work / QUICK, || ops::conv::conv(x, weight, bias, &stride.0, &dilation.0, groups));
    sums.map(NativeArray).map_err(python_error)
}

/// Put the kernels of this file into the dictionary.
pub fn register(kernels: &Bound<'_, PyDict>) -> PyResult<()> {
    kernels.set_item("matmul", wrap_pyfunction!(matmul, kernels.py())?)?;
    kernels.set_item("conv", wrap_pyfunction!(conv, kernels.py())?)?;
    kernels.set_item("linear", wrap_pyfunction!(linear, kernels.py())?)?;
    Ok(())
}
