//! The kernels' errors as Python's.

use pyo3::PyErr;
use pyo3::exceptions::{PyMemoryError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use rcmlrs_kernels::Error;

/// The exception that says the same. (An index has its own, which names the operation: see [`index_error`].)
pub fn python_error(error: Error) -> PyErr {
    match error {
        Error::Memory { .. } => PyMemoryError::new_err(error.to_string()),
        Error::Defect(_) => PyRuntimeError::new_err(format!("{error}; RCMLRS_BACKEND=numpy is a way around it")),
        Error::Index { .. } | Error::Operands(_) => PyValueError::new_err(error.to_string()),
    }
}

/// The framework's exception for an index that operation `name` found out of range among indices of this shape; for any
/// other error, [`python_error`].
pub fn index_error(py: Python<'_>, name: &str, error: Error, shape: &[usize]) -> PyErr {
    let Error::Index { index, place, length } = error else { return python_error(error) };
    let made = py.import("rcmlrs_core.ops.indices").and_then(|module| {
        module.getattr("index_error")?.call1((name, index, place, PyTuple::new(py, shape)?, length))
    });
    made.map_or_else(|error| error, PyErr::from_value)
}
