//! What a kernel leaves undecided goes to the framework's own definition.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use rcmlrs_kernels::array::{Array, DType};
use rcmlrs_kernels::environment;
use rcmlrs_kernels::function::Rounded;

use crate::array::NativeArray;
use crate::errors::python_error;

/// The result, with undecided elements computed by `rcmlrs_backend_native.definition.settle`.
pub fn settle(
    name: &str,
    rounded: rcmlrs_kernels::Result<Rounded>,
    operands: &[&Bound<'_, NativeArray>],
    attributes: impl FnOnce(&Bound<'_, PyDict>) -> PyResult<()>,
) -> PyResult<NativeArray> {
    let rounded = rounded.map_err(python_error)?;
    if rounded.undecided.is_empty() {
        return Ok(NativeArray(rounded.array));
    }
    by_definition(name, rounded, operands, attributes)
}

#[cold]
fn by_definition(
    name: &str,
    rounded: Rounded,
    operands: &[&Bound<'_, NativeArray>],
    attributes: impl FnOnce(&Bound<'_, PyDict>) -> PyResult<()>,
) -> PyResult<NativeArray> {
    let py = operands[0].py();
    let given = PyDict::new(py);
    attributes(&given)?;
    let module = py.import("rcmlrs_backend_native.definition")?;
    // Python's own numbers are right only where the thread keeps subnormals.
    environment::with_default(|| {
        let values: Vec<f64> = module
            .getattr("values")?
            .call1((name, rounded.undecided.clone(), PyTuple::new(py, operands)?, given))?
            .extract()?;
        patched(&rounded.array, &rounded.undecided, &values)
    })
}

fn patched(array: &Array, places: &[usize], values: &[f64]) -> PyResult<NativeArray> {
    if places.len() != values.len() || places.iter().any(|&place| place >= array.size()) || array.dtype() != DType::F32
    {
        return Err(PyValueError::new_err("a value for each place, and places in an array of float32"));
    }
    let elements = array.contiguous().map_err(python_error)?;
    let array = Array::build(array.shape(), |out: &mut [f32]| {
        out.copy_from_slice(elements.as_slice().expect("made contiguous"));
        environment::with_default(|| {
            for (&place, &value) in places.iter().zip(values) {
                out[place] = value as f32; // it is a binary32 number already, and may be subnormal
            }
        });
    });
    array.map(NativeArray).map_err(python_error)
}

/// A copy of `array` with other elements at some places, counted in row-major order.
#[pyfunction]
pub fn with_elements(array: &NativeArray, places: Vec<usize>, values: Vec<f64>) -> PyResult<NativeArray> {
    patched(&array.0, &places, &values)
}
