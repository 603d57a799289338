//! Functions of one argument.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use rcmlrs_kernels::ops;

use crate::array::NativeArray;
use crate::compute;
use crate::settle::settle;

macro_rules! functions {
    ($($name:ident),* $(,)?) => {
        $(
            #[pyfunction]
            fn $name(py: Python<'_>, x: &Bound<'_, NativeArray>) -> PyResult<NativeArray> {
                let array = &x.get().0;
                let rounded = compute(py, array.size(), || ops::$name::$name(array.of::<f32>()?));
                settle(stringify!($name), rounded, &[x], |_| Ok(()))
            }
        )*

        /// Put the kernels of this file into the dictionary.
        pub fn register(kernels: &Bound<'_, PyDict>) -> PyResult<()> {
            $(kernels.set_item(stringify!($name), wrap_pyfunction!($name, kernels.py())?)?;)*
            Ok(())
        }
    };
}

functions!(
    cos,
    exp,
    exp2,
    expm1,
    gelu,
    gelu_derivative,
    log,
    log10,
    log1p,
    log2,
    rsqrt,
    sigmoid,
    sigmoid_derivative,
    sin,
    softplus,
    swish,
    swish_derivative,
    tan,
    tanh,
    tanh_derivative,
);
