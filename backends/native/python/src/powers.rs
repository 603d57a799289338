//! Powers.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use rcmlrs_kernels::ops;

use crate::array::NativeArray;
use crate::compute;
use crate::settle::settle;

#[pyfunction]
fn powf(py: Python<'_>, x: &Bound<'_, NativeArray>, y: &Bound<'_, NativeArray>) -> PyResult<NativeArray> {
    let (base, exponent) = (&x.get().0, &y.get().0);
    let elements = base.size().max(exponent.size());
    let rounded = compute(py, elements, || ops::powf::powf(base, exponent));
    settle("powf", rounded, &[x, y], |_| Ok(()))
}

#[pyfunction]
#[pyo3(signature = (x, *, n))]
fn powi(py: Python<'_>, x: &Bound<'_, NativeArray>, n: i32) -> PyResult<NativeArray> {
    let array = &x.get().0;
    let rounded = compute(py, array.size(), || ops::powi::powi(array, n));
    settle("powi", rounded, &[x], |given| given.set_item("n", n))
}

/// Put the kernels of this file into the dictionary.
pub fn register(kernels: &Bound<'_, PyDict>) -> PyResult<()> {
    kernels.set_item("powf", wrap_pyfunction!(powf, kernels.py())?)?;
    kernels.set_item("powi", wrap_pyfunction!(powi, kernels.py())?)
}
