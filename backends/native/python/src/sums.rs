//! Sums, rounded once.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use rcmlrs_kernels::array::Array;
use rcmlrs_kernels::ops;

use crate::array::NativeArray;
use crate::compute;
use crate::errors::python_error;

type Reduction = fn(&Array, &[usize], bool) -> rcmlrs_kernels::Result<Array>;

/// A reduction along the axes.
pub fn reduction(
    py: Python<'_>,
    x: &Bound<'_, NativeArray>,
    axis: &[usize],
    keepdims: bool,
    kernel: Reduction,
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

/// Put the kernels of this file into the dictionary.
pub fn register(kernels: &Bound<'_, PyDict>) -> PyResult<()> {
    kernels.set_item("sum", wrap_pyfunction!(sum, kernels.py())?)?;
    kernels.set_item("mean", wrap_pyfunction!(mean, kernels.py())?)?;
    Ok(())
}
