//! What the order of the elements says.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use rcmlrs_kernels::ops;

use crate::array::NativeArray;
use crate::compute;
use crate::errors::python_error;
use crate::sums::reduction;

macro_rules! reductions {
    ($($name:ident),* $(,)?) => {
        $(
            #[pyfunction]
            #[pyo3(signature = (x, *, axis, keepdims))]
            fn $name(
                py: Python<'_>,
                x: &Bound<'_, NativeArray>,
                axis: Vec<usize>,
                keepdims: bool,
            ) -> PyResult<NativeArray> {
                reduction(py, x, &axis, keepdims, ops::$name::$name)
            }
        )*

        /// Put the kernels of this file into the dictionary.
        pub fn register(kernels: &Bound<'_, PyDict>) -> PyResult<()> {
            $(kernels.set_item(stringify!($name), wrap_pyfunction!($name, kernels.py())?)?;)*
            kernels.set_item("argsort", wrap_pyfunction!(argsort, kernels.py())?)?;
            kernels.set_item("sort", wrap_pyfunction!(sort, kernels.py())?)
        }
    };
}

reductions!(max, min, argmax, argmin, median);

macro_rules! sorts {
    ($($name:ident),* $(,)?) => {
        $(
            #[pyfunction]
            #[pyo3(signature = (x, *, axis, descending, stable))]
            fn $name(
                py: Python<'_>,
                x: &Bound<'_, NativeArray>,
                axis: Vec<usize>,
                descending: bool,
                stable: bool,
            ) -> PyResult<NativeArray> {
                let _ = stable; // they always are
                let array = &x.get().0;
                compute(py, array.size(), || ops::$name::$name(array, &axis, descending))
                    .map(NativeArray)
                    .map_err(python_error)
            }
        )*
    };
}

sorts!(argsort, sort);
