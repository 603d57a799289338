//! The kernels' errors as Python's.

use std::cell::Cell;

use pyo3::PyErr;
use pyo3::exceptions::{PyKeyboardInterrupt, PyMemoryError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use rcmlrs_kernels::Error;

thread_local! {
    /// What a signal's handler has raised while this thread was in a kernel.
    static RAISED: Cell<Option<PyErr>> = const { Cell::new(None) };
}

/// Whether a signal has come whose handler raises an exception, such as Ctrl-C: it is kept for [`python_error`]. For
/// [`rcmlrs_kernels::interrupt`]; only the main thread hears of signals.
pub fn interrupted() -> bool {
    Python::try_attach(|py| py.check_signals().map_err(|raised| RAISED.set(Some(raised))).is_err()).unwrap_or(false)
}

/// The framework's exception of this class.
fn framework_error(class: &str, words: String) -> PyErr {
    Python::attach(|py| {
        let made = py.import("rcmlrs_core.errors").and_then(|module| module.getattr(class)?.call1((words,)));
        made.map_or_else(|error| error, PyErr::from_value)
    })
}

/// The exception that says the same. (An index has its own, which names the operation: see [`index_error`].)
pub fn python_error(error: Error) -> PyErr {
    match error {
        Error::Memory { .. } => PyMemoryError::new_err(error.to_string()),
        Error::Operands(words) => framework_error("ShapeError", words),
        Error::DType(words) => framework_error("DTypeError", words),
        Error::Interrupted => RAISED.take().unwrap_or_else(|| PyKeyboardInterrupt::new_err(())),
        Error::Defect(_) => PyRuntimeError::new_err(format!("{error}; RCMLRS_BACKEND=numpy is a way around it")),
        Error::Index { .. } | Error::Count { .. } => PyValueError::new_err(error.to_string()),
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
