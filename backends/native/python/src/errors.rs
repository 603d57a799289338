//! The kernels' errors as Python's.

use pyo3::PyErr;
use pyo3::exceptions::{PyMemoryError, PyRuntimeError, PyValueError};

use rcmlrs_kernels::Error;

/// The exception that says the same. (An index has its own, which names the operation: see `moves`.)
pub fn python_error(error: Error) -> PyErr {
    match error {
        Error::Memory { .. } => PyMemoryError::new_err(error.to_string()),
        Error::Defect(_) => PyRuntimeError::new_err(format!("{error}; RCMLRS_BACKEND=numpy is a way around it")),
        Error::Index { .. } | Error::Operands(_) => PyValueError::new_err(error.to_string()),
    }
}
