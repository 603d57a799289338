//! Numbers of Python's that enter a kernel as binary32.

use pyo3::prelude::*;

use rcmlrs_kernels::environment;

/// A number, rounded once (contract N6) whatever the thread has set: flushing to zero would lose one that becomes subnormal.
#[derive(Clone, Copy)]
pub struct Number(f32);

impl From<Number> for f32 {
    fn from(number: Number) -> f32 {
        number.0
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Number {
    type Error = PyErr;

    fn extract(number: Borrowed<'a, 'py, PyAny>) -> PyResult<Number> {
        let wide = number.extract::<f64>()?;
        Ok(Number(environment::with_default(|| wide as f32)))
    }
}
