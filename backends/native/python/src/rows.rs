//! Functions of rows, the elements along some axes taken together.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use rcmlrs_kernels::ops;

use crate::array::NativeArray;
use crate::compute;
use crate::settle::settle;

macro_rules! rows {
    ($($name:ident),* $(,)?) => {
        $(
            #[pyfunction]
            #[pyo3(signature = (x, *, axis))]
            fn $name(py: Python<'_>, x: &Bound<'_, NativeArray>, axis: Vec<usize>) -> PyResult<NativeArray> {
                let array = &x.get().0;
                let rounded = compute(py, array.size(), || ops::$name::$name(array, &axis));
                settle(stringify!($name), rounded, &[x], |given| given.set_item("axis", PyTuple::new(py, &axis)?))
            }
        )*

        fn register_rows(kernels: &Bound<'_, PyDict>) -> PyResult<()> {
            $(kernels.set_item(stringify!($name), wrap_pyfunction!($name, kernels.py())?)?;)*
            Ok(())
        }
    };
}

rows!(log_softmax, softmax, softmax_derivative);

#[pyfunction]
#[pyo3(signature = (x, *, axis, keepdims))]
fn logsumexp(py: Python<'_>, x: &Bound<'_, NativeArray>, axis: Vec<usize>, keepdims: bool) -> PyResult<NativeArray> {
    let array = &x.get().0;
    let rounded = compute(py, array.size(), || ops::logsumexp::logsumexp(array, &axis, keepdims));
    settle("logsumexp", rounded, &[x], |given| {
        given.set_item("axis", PyTuple::new(py, &axis)?)?;
        given.set_item("keepdims", keepdims)
    })
}

/// Put the kernels of this file into the dictionary.
pub fn register(kernels: &Bound<'_, PyDict>) -> PyResult<()> {
    register_rows(kernels)?;
    kernels.set_item("logsumexp", wrap_pyfunction!(logsumexp, kernels.py())?)
}
