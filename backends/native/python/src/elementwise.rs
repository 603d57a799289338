//! Elementwise operations that the hardware rounds, or where nothing is rounded.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use rcmlrs_kernels::ops;

use crate::array::NativeArray;
use crate::compute;
use crate::errors::python_error;
use crate::numbers::Number;

macro_rules! elementwise {
    ($($name:ident($first:ident $(, $operand:ident)* $(; $attribute:ident: $type:ty)?)),* $(,)?) => {
        $(
            #[pyfunction]
            #[pyo3(signature = ($first, $($operand,)* $(*, $attribute)?))]
            fn $name(
                py: Python<'_>,
                $first: &Bound<'_, NativeArray>,
                $($operand: &Bound<'_, NativeArray>,)*
                $($attribute: $type,)?
            ) -> PyResult<NativeArray> {
                let $first = &$first.get().0;
                $(let $operand = &$operand.get().0;)*
                let size = $first.size() $(.max($operand.size()))*;
                let array = compute(py, size, || ops::$name::$name($first $(, $operand)* $(, $attribute.into())?));
                array.map(NativeArray).map_err(python_error)
            }
        )*

        /// Put the kernels of this file into the dictionary.
        pub fn register(kernels: &Bound<'_, PyDict>) -> PyResult<()> {
            $(kernels.set_item(stringify!($name).trim_end_matches('_'), wrap_pyfunction!($name, kernels.py())?)?;)*
            Ok(())
        }
    };
}

elementwise!(
    abs(x),
    add(x, y),
    bitwise_and(x, y),
    bitwise_or(x, y),
    bitwise_xor(x, y),
    ceil(x),
    copysign(x, y),
    div(x, y),
    equal(x, y),
    floor(x),
    fma(x, y, z),
    greater(x, y),
    greater_equal(x, y),
    isfinite(x),
    isinf(x),
    isnan(x),
    leaky_relu(x; slope: Number),
    leaky_relu_derivative(x; slope: Number),
    less(x, y),
    less_equal(x, y),
    logical_and(x, y),
    logical_not(x),
    logical_or(x, y),
    logical_xor(x, y),
    maximum(x, y),
    minimum(x, y),
    mul(x, y),
    neg(x),
    not_equal(x, y),
    reciprocal(x),
    relu(x),
    relu_derivative(x),
    round(x),
    sign(x),
    signbit(x),
    sqrt(x),
    square(x),
    sub(x, y),
    trunc(x),
    where_(condition, x, y),
);
