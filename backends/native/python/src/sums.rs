//! Sums, rounded once.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use rcmlrs_kernels::array::Array;
use rcmlrs_kernels::ops;

use crate::array::NativeArray;
use crate::compute;
use crate::errors::{index_error, python_error};
use crate::numbers::Number;

/// A reduction along the axes.
pub fn reduction(
    py: Python<'_>,
    x: &Bound<'_, NativeArray>,
    axis: &[usize],
    keepdims: bool,
    kernel: impl FnOnce(&Array, &[usize], bool) -> rcmlrs_kernels::Result<Array> + Send,
) -> PyResult<NativeArray> {
    let array = &x.get().0;
    compute(py, array.size(), || kernel(array, axis, keepdims)).map(NativeArray).map_err(python_error)
}

#[pyfunction]
#[pyo3(signature = (x, *, axis, keepdims))]
fn sum(py: Python<'_>, x: &Bound<'_, NativeArray>, axis: Vec<usize>, keepdims: bool) -> PyResult<NativeArray> {
    reduction(py, x, &axis, keepdims, ops::sum::sum)
}

#[pyfunction]
#[pyo3(signature = (x, *, axis, keepdims))]
fn mean(py: Python<'_>, x: &Bound<'_, NativeArray>, axis: Vec<usize>, keepdims: bool) -> PyResult<NativeArray> {
    reduction(py, x, &axis, keepdims, ops::mean::mean)
}

#[pyfunction]
#[pyo3(signature = (x, *, axis, keepdims, correction))]
fn var(
    py: Python<'_>,
    x: &Bound<'_, NativeArray>,
    axis: Vec<usize>,
    keepdims: bool,
    correction: Number,
) -> PyResult<NativeArray> {
    reduction(py, x, &axis, keepdims, |x, axes, keepdims| ops::var::var(x, axes, keepdims, correction.into()))
}

#[pyfunction]
#[pyo3(name = "std", signature = (x, *, axis, keepdims, correction))]
fn standard_deviation(
    py: Python<'_>,
    x: &Bound<'_, NativeArray>,
    axis: Vec<usize>,
    keepdims: bool,
    correction: Number,
) -> PyResult<NativeArray> {
    reduction(py, x, &axis, keepdims, |x, axes, keepdims| ops::std::std(x, axes, keepdims, correction.into()))
}

#[pyfunction]
#[pyo3(signature = (*xs))]
fn add_n(py: Python<'_>, xs: Vec<Bound<'_, NativeArray>>) -> PyResult<NativeArray> {
    let arrays: Vec<&Array> = xs.iter().map(|x| &x.get().0).collect();
    let size = arrays.iter().map(|x| x.size()).sum();
    compute(py, size, || ops::add_n::add_n(&arrays)).map(NativeArray).map_err(python_error)
}

#[pyfunction]
#[pyo3(signature = (x, *, axis))]
fn cumsum(py: Python<'_>, x: &Bound<'_, NativeArray>, axis: Vec<usize>) -> PyResult<NativeArray> {
    let array = &x.get().0;
    compute(py, array.size(), || ops::cumsum::cumsum(array, &axis)).map(NativeArray).map_err(python_error)
}

#[pyfunction]
#[pyo3(signature = (x, indices, updates, *, axis))]
fn scatter_add(
    py: Python<'_>,
    x: &Bound<'_, NativeArray>,
    indices: &Bound<'_, NativeArray>,
    updates: &Bound<'_, NativeArray>,
    axis: usize,
) -> PyResult<NativeArray> {
    let (x, indices, updates) = (&x.get().0, &indices.get().0, &updates.get().0);
    compute(py, x.size() + updates.size(), || ops::scatter_add::scatter_add(x, indices, updates, axis))
        .map(NativeArray)
        .map_err(|error| index_error(py, "scatter_add", error, indices.shape()))
}

/// Put the kernels of this file into the dictionary.
pub fn register(kernels: &Bound<'_, PyDict>) -> PyResult<()> {
    kernels.set_item("sum", wrap_pyfunction!(sum, kernels.py())?)?;
    kernels.set_item("mean", wrap_pyfunction!(mean, kernels.py())?)?;
    kernels.set_item("var", wrap_pyfunction!(var, kernels.py())?)?;
    kernels.set_item("std", wrap_pyfunction!(standard_deviation, kernels.py())?)?;
    kernels.set_item("add_n", wrap_pyfunction!(add_n, kernels.py())?)?;
    kernels.set_item("cumsum", wrap_pyfunction!(cumsum, kernels.py())?)?;
    kernels.set_item("scatter_add", wrap_pyfunction!(scatter_add, kernels.py())?)?;
    Ok(())
}
