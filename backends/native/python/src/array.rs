//! The buffer of the native backend, and how elements come in and go out.

use std::ffi::c_int;

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyBufferError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use rcmlrs_kernels::array::{Array, CANONICAL_NAN, DType, size_of_shape};
use rcmlrs_kernels::memory::Memory;

use crate::errors::python_error;
use crate::exchange;

/// An n-dimensional view of memory that arrays share. Its elements never change.
#[pyclass(frozen, module = "rcmlrs_backend_native._native")]
pub struct NativeArray(pub Array);

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
        self.0.dtype().name()
    }

    /// The elements as a buffer (PEP 3118), without a copy unless a NaN has a payload; see [`exchange`].
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        // SAFETY: Python calls this with a view to be filled in.
        unsafe { exchange::fill_buffer(slf.clone().into_any(), &slf.get().0, view, flags) }
    }

    unsafe fn __releasebuffer__(&self, view: *mut ffi::Py_buffer) {
        // SAFETY: Python calls this once for each view that was filled in.
        unsafe { exchange::release_buffer(view) }
    }

    /// Where the elements lie, in DLPack's words: (1, 0) is the memory of the processor.
    fn __dlpack_device__(&self) -> (i32, i32) {
        exchange::DEVICE
    }

    /// The elements as a DLPack capsule (Array API standard 2023.12), read-only and without a copy where `max_version`
    /// is 1.0 or more and no NaN has a payload. The protocol before 1.0 cannot say read-only: it gets a copy.
    #[pyo3(signature = (*, stream=None, max_version=None, dl_device=None, copy=None))]
    fn __dlpack__<'py>(
        &self,
        py: Python<'py>,
        stream: Option<Bound<'py, PyAny>>,
        max_version: Option<(u32, u32)>,
        dl_device: Option<(i32, i32)>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if stream.is_some() {
            return Err(PyBufferError::new_err(
                "__dlpack__: the memory of the processor has no streams; stream is None",
            ));
        }
        if let Some(device) = dl_device.filter(|&device| device != exchange::DEVICE) {
            return Err(PyBufferError::new_err(format!(
                "__dlpack__: the elements lie on device (1, 0), not {device:?}"
            )));
        }
        exchange::capsule(py, &self.0, max_version.is_some_and(|version| version.0 >= 1), copy)
    }

    fn __repr__(&self) -> String {
        format!("<NativeArray of {} {:?}>", self.0.dtype(), self.0.shape())
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
    let mut memory = match dtype {
        DType::F32 | DType::I32 => Memory::new::<i32>(size),
        DType::Bool => Memory::new::<u8>(size),
    }
    .map_err(python_error)?;
    let bytes = memory.slice_mut::<u8>();
    buffer.copy_to_slice(py, bytes)?;
    match dtype {
        DType::Bool => bytes.iter_mut().for_each(|byte| *byte = u8::from(*byte != 0)),
        _ if cfg!(target_endian = "big") => memory.slice_mut::<i32>().iter_mut().for_each(|x| *x = i32::from_le(*x)),
        _ => {}
    }
    Ok(NativeArray(Array::around(memory, dtype, &shape)))
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
                    let bits = if x.is_nan() { CANONICAL_NAN } else { x.to_bits() };
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
