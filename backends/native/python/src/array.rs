//! The buffer of the native backend, and how elements come in and go out.

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyBufferError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use rcmlrs_kernels::array::{Array, DType, size_of_shape};

use crate::errors::python_error;

/// An n-dimensional view of memory that arrays share. Its elements never change.
#[pyclass(frozen, module = "rcmlrs_backend_native._native")]
pub struct NativeArray(pub Array);

/// The name of an element type in the framework.
pub fn name_of(dtype: DType) -> &'static str {
    match dtype {
        DType::F32 => "float32",
        DType::I32 => "int32",
        DType::Bool => "bool",
    }
}

/// The element type of that name.
pub fn dtype_of(name: &str) -> PyResult<DType> {
    match name {
        "float32" => Ok(DType::F32),
        "int32" => Ok(DType::I32),
        "bool" => Ok(DType::Bool),
        _ => Err(PyValueError::new_err(format!("the element types are float32, int32 and bool, got {name}"))),
    }
}

#[pymethods]
impl NativeArray {
    /// The lengths of the axes.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.shape())
    }

    /// The element type: "float32", "int32" or "bool".
    #[getter]
    fn dtype(&self) -> &'static str {
        name_of(self.0.dtype())
    }

    fn __repr__(&self) -> String {
        format!("<NativeArray of {} {:?}>", name_of(self.0.dtype()), self.0.shape())
    }
}

/// A buffer from row-major little-endian bytes: binary32, int32, or bool as one byte 0 or 1.
#[pyfunction]
pub fn load(py: Python<'_>, raw: &Bound<'_, PyAny>, shape: Vec<usize>, dtype: &str) -> PyResult<NativeArray> {
    let dtype = dtype_of(dtype)?;
    let size = size_of_shape(&shape).map_err(python_error)?;
    let buffer = PyBuffer::<u8>::get(raw)?;
    if buffer.len_bytes() != size.saturating_mul(dtype.size()) {
        return Err(PyValueError::new_err(format!(
            "{} bytes are not {size} elements of {} bytes",
            buffer.len_bytes(),
            dtype.size()
        )));
    }
    if !buffer.is_c_contiguous() {
        return Err(PyBufferError::new_err("the bytes must lie side by side"));
    }
    let mut failed = Ok(());
    let array = match dtype {
        DType::Bool => Array::build(&shape, |out: &mut [u8]| {
            failed = buffer.copy_to_slice(py, out);
            out.iter_mut().for_each(|byte| *byte = u8::from(*byte != 0));
        }),
        DType::F32 => Array::build(&shape, |out: &mut [f32]| failed = fill(py, &buffer, out, f32::from_le_bytes)),
        DType::I32 => Array::build(&shape, |out: &mut [i32]| failed = fill(py, &buffer, out, i32::from_le_bytes)),
    };
    failed?;
    array.map(NativeArray).map_err(python_error)
}

/// Bytes, four for each element, put into `out`.
fn fill<T>(py: Python<'_>, buffer: &PyBuffer<u8>, out: &mut [T], from: impl Fn([u8; 4]) -> T) -> PyResult<()> {
    let mut bytes = vec![0; 4 * out.len()];
    buffer.copy_to_slice(py, &mut bytes)?;
    for (to, bytes) in out.iter_mut().zip(bytes.chunks_exact(4)) {
        *to = from(bytes.try_into().expect("four bytes"));
    }
    Ok(())
}

/// The bytes of a buffer in row-major order, little-endian, every NaN as 0x7fc00000 (contract N1.2).
#[pyfunction]
pub fn dump<'py>(py: Python<'py>, array: &NativeArray) -> PyResult<Bound<'py, PyBytes>> {
    let array = array.0.contiguous().map_err(python_error)?;
    let size = array.size() * array.dtype().size();
    PyBytes::new_with(py, size, |out| {
        match array.dtype() {
            DType::F32 => {
                let elements = array.as_slice::<f32>().expect("made contiguous");
                for (to, &x) in out.chunks_exact_mut(4).zip(elements) {
                    let bits = if x.is_nan() { 0x7fc0_0000 } else { x.to_bits() };
                    to.copy_from_slice(&bits.to_le_bytes());
                }
            }
            DType::I32 => {
                let elements = array.as_slice::<i32>().expect("made contiguous");
                for (to, &x) in out.chunks_exact_mut(4).zip(elements) {
                    to.copy_from_slice(&x.to_le_bytes());
                }
            }
            DType::Bool => out.copy_from_slice(array.as_slice::<u8>().expect("made contiguous")),
        }
        Ok(())
    })
}
