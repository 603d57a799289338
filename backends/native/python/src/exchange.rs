//! Elements that are shared with other libraries, not copied: the buffer protocol (PEP 3118) and DLPack.
//!
//! What leaves is read-only, and a NaN leaves as 0x7fc00000 (contract N1.2): if there is another one, a copy leaves. What
//! comes in keeps its owner alive; it is copied only where it cannot be used as it lies: not aligned to its elements, of
//! the other byte order, or a bool that is neither 0 nor 1. An array's elements never change, and who changes those of
//! a source that an array sees breaks that promise: take in what is left alone from then on, or a copy of it.
//!
//! All `unsafe` of this crate is here and in the two methods of [`NativeArray`] that lead here: both protocols are C.

use std::any::Any;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{self, NonNull};

use pyo3::exceptions::{PyBufferError, PyMemoryError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};

use rcmlrs_kernels::array::{Array, DType, Shape, Strides};
use rcmlrs_kernels::memory::Memory;

use crate::array::NativeArray;
use crate::errors::python_error;

/// The memory of the processor: kDLCPU, and its only number.
pub const DEVICE: (i32, i32) = (1, 0);

// ------------------------------------------------------------------------------------------------- buffers, out

/// What a view points into while somebody holds it.
struct Exported {
    array: Array,
    shape: Vec<isize>,
    strides: Vec<isize>,
}

/// Fill in a read-only view of an array, which `owner` holds.
///
/// # Safety
/// `view` may be written to, and goes to [`release_buffer`] once.
pub unsafe fn fill_buffer(
    owner: Bound<'_, PyAny>,
    array: &Array,
    view: *mut ffi::Py_buffer,
    flags: c_int,
) -> PyResult<()> {
    if view.is_null() {
        return Err(PyBufferError::new_err("there is no view to fill in"));
    }
    // SAFETY: by this function's contract. (Where it fails, the owner is null, as Python asks.)
    unsafe { (*view).obj = ptr::null_mut() };
    if flags & ffi::PyBUF_WRITABLE == ffi::PyBUF_WRITABLE {
        return Err(PyBufferError::new_err("the elements of a NativeArray never change: the view is read-only"));
    }
    let asks = |which: c_int| flags & which == which;
    let column_major = is_column_major(array);
    if asks(ffi::PyBUF_F_CONTIGUOUS) && !column_major {
        return Err(PyBufferError::new_err("the elements do not lie in column-major order"));
    }
    let free = asks(ffi::PyBUF_STRIDES) && !asks(ffi::PyBUF_C_CONTIGUOUS) && !asks(ffi::PyBUF_ANY_CONTIGUOUS);
    let as_they_lie = free || (column_major && (asks(ffi::PyBUF_F_CONTIGUOUS) || asks(ffi::PyBUF_ANY_CONTIGUOUS)));
    let array = array.canonical().and_then(|array| if as_they_lie { Ok(array) } else { array.contiguous() });
    let array = array.map_err(python_error)?;
    let item = array.dtype().size();
    let mut exported = Box::new(Exported {
        shape: array.shape().iter().map(|&n| n as isize).collect(),
        strides: array.strides().iter().map(|&stride| stride * item as isize).collect(),
        array,
    });
    let format = match exported.array.dtype() {
        DType::F32 => c"f",
        DType::I32 => c"i",
        DType::Bool => c"?",
    };
    // SAFETY: `view` may be written to; what it points to lies in the box, which lives until `release_buffer`, or is
    // constant. Nobody writes through it, since it is read-only.
    unsafe {
        let view = &mut *view;
        view.buf = first_element(&exported.array).as_ptr().cast();
        view.len = (exported.array.size() * item) as isize;
        view.itemsize = item as isize;
        view.readonly = 1;
        view.ndim = exported.shape.len() as c_int;
        view.format = if asks(ffi::PyBUF_FORMAT) { format.as_ptr().cast_mut() } else { ptr::null_mut() };
        view.shape = if asks(ffi::PyBUF_ND) { exported.shape.as_mut_ptr() } else { ptr::null_mut() };
        view.strides = if asks(ffi::PyBUF_STRIDES) { exported.strides.as_mut_ptr() } else { ptr::null_mut() };
        view.suboffsets = ptr::null_mut();
        view.internal = Box::into_raw(exported).cast();
        view.obj = owner.into_ptr();
    }
    Ok(())
}

/// Let go of what a view points into.
///
/// # Safety
/// `view` was filled in by [`fill_buffer`], and this is the only call for it.
pub unsafe fn release_buffer(view: *mut ffi::Py_buffer) {
    // SAFETY: `internal` is the box that `fill_buffer` made for this view.
    drop(unsafe { Box::from_raw((*view).internal.cast::<Exported>()) });
}

fn is_column_major(array: &Array) -> bool {
    let mut expected = 1;
    array.shape().contains(&0)
        || array.shape().iter().zip(array.strides()).all(|(&n, &stride)| {
            let fits = n == 1 || stride == expected;
            expected *= n as isize;
            fits
        })
}

fn first_element(array: &Array) -> NonNull<u8> {
    if array.size() == 0 {
        return array.memory().start();
    }
    // SAFETY: the first element lies in the memory.
    unsafe { array.memory().start().add(array.offset() * array.dtype().size()) }
}

// -------------------------------------------------------------------------------------------------- buffers, in

/// A view that somebody else exports; given back when it is dropped.
struct Held(Box<ffi::Py_buffer>);

// SAFETY: the view may be read from any thread while it is held, as the protocol says, and is given back attached.
unsafe impl Send for Held {}
// SAFETY: likewise.
unsafe impl Sync for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        // Where there is no interpreter any more, there is nobody to give it back to.
        Python::try_attach(|_| {
            // SAFETY: the view is held, and this is the only place that gives it back.
            unsafe { ffi::PyBuffer_Release(&mut *self.0) }
        });
    }
}

/// An array over the elements of whatever has the buffer protocol, which stays alive as long as the array.
///
/// Formats are binary32 (`f`), int32 (`i`, and `l` where it has 32 bits) and bool (`?`).
#[pyfunction]
pub fn from_buffer(source: &Bound<'_, PyAny>) -> PyResult<NativeArray> {
    let py = source.py();
    let mut view = Box::new(ffi::Py_buffer::new());
    // SAFETY: the view may be written to; whether it was filled in is what the call returns.
    if unsafe { ffi::PyObject_GetBuffer(source.as_ptr(), &mut *view, ffi::PyBUF_FULL_RO) } != 0 {
        return Err(PyErr::fetch(py));
    }
    let view = Held(view);
    let raw = &view.0;
    let format = if raw.format.is_null() {
        c"B"
    } else {
        // SAFETY: a format is a string that ends in zero and lives as long as the view.
        unsafe { CStr::from_ptr(raw.format as *const c_char) }
    };
    let (dtype, swapped) = element_of(&format.to_string_lossy(), raw.itemsize)?;
    let ndim = usize::try_from(raw.ndim).map_err(|_| PyBufferError::new_err("a view of fewer than no axes"))?;
    // SAFETY: where the view has them, they are arrays of `ndim` numbers.
    let (shape, strides, indirect) = unsafe {
        (
            list(raw.shape, ndim),
            list(raw.strides, ndim),
            list(raw.suboffsets, ndim).is_some_and(|o| o.iter().any(|&n| n >= 0)),
        )
    };
    if indirect {
        return Err(PyBufferError::new_err("the elements lie behind pointers; make a contiguous copy first"));
    }
    let shape = match shape {
        Some(lengths) => lengths_of(lengths.iter().map(|&n| n as i64))?,
        None if ndim == 0 => Shape::new(),
        None => lengths_of([(raw.len / raw.itemsize.max(1)) as i64].into_iter())?, // of one axis, as it lies
    };
    let strides = match strides {
        Some(strides) => strides.into(),
        None => in_bytes(&rcmlrs_kernels::array::row_major(&shape), dtype)?,
    };
    let start = raw.buf.cast::<u8>();
    // SAFETY: the view promises that the elements that its shape and strides pick may be read while it is held.
    unsafe { adopt(start, dtype, shape, strides, swapped, Box::new(view)) }
}

/// # Safety
/// `start` is null, or points to `count` numbers that live as long as the result.
unsafe fn list<'a, T>(start: *const T, count: usize) -> Option<&'a [T]> {
    if start.is_null() {
        return None;
    }
    // SAFETY: by this function's contract.
    Some(unsafe { std::slice::from_raw_parts(start, count) })
}

/// The element type of a format, and whether its bytes are in the other order.
fn element_of(format: &str, item: isize) -> PyResult<(DType, bool)> {
    let (order, code) = match format.as_bytes() {
        [order @ (b'@' | b'=' | b'<' | b'>' | b'!'), code] => (*order, *code),
        [code] => (b'@', *code),
        _ => (b'@', 0),
    };
    let dtype = match (code, item) {
        (b'f', 4) => DType::F32,
        (b'i' | b'l', 4) => DType::I32,
        (b'?', 1) => DType::Bool,
        _ => return Err(unsupported(&format!("a buffer of format {format:?}"))),
    };
    let big = matches!(order, b'>' | b'!') || (matches!(order, b'@' | b'=') && cfg!(target_endian = "big"));
    Ok((dtype, big != cfg!(target_endian = "big")))
}

fn unsupported(what: &str) -> PyErr {
    let types = [DType::F32, DType::I32, DType::Bool].map(DType::name).join(", ");
    PyTypeError::new_err(format!("the element types are {types}, got {what}; convert it first"))
}

fn lengths_of(lengths: impl Iterator<Item = i64>) -> PyResult<Shape> {
    lengths.map(|n| usize::try_from(n).map_err(|_| PyValueError::new_err(format!("an axis of length {n}")))).collect()
}

fn in_bytes(strides: &[isize], dtype: DType) -> PyResult<Strides> {
    let too_far = || PyValueError::new_err("the elements lie further apart than an address can count");
    strides.iter().map(|stride| stride.checked_mul(dtype.size() as isize).ok_or_else(too_far)).collect()
}

/// An array over elements that `owner` holds, or over a copy where they cannot be used as they lie. Strides are in bytes.
///
/// # Safety
/// Unless `start` is null, all elements that `shape` and `strides` pick, if any, may be read while `owner` lives.
unsafe fn adopt(
    start: *const u8,
    dtype: DType,
    shape: Shape,
    strides: Strides,
    swapped: bool,
    owner: Box<dyn Any + Send + Sync>,
) -> PyResult<NativeArray> {
    let item = dtype.size();
    if shape.contains(&0) {
        let array = match dtype {
            DType::F32 => Array::build(&shape, |_: &mut [f32]| {}),
            DType::I32 => Array::build(&shape, |_: &mut [i32]| {}),
            DType::Bool => Array::build(&shape, |_: &mut [u8]| {}),
        };
        return array.map(NativeArray).map_err(python_error);
    }
    let Some(start) = NonNull::new(start.cast_mut()) else {
        return Err(PyBufferError::new_err(format!("there are elements, of shape {:?}, and no memory", &shape[..])));
    };
    let too_many =
        || PyMemoryError::new_err(format!("shape {:?} has more elements than an address can count", &shape[..]));
    let size = shape.iter().try_fold(1usize, |size, &n| size.checked_mul(n)).ok_or_else(too_many)?;
    if size.checked_mul(item).is_none_or(|bytes| bytes > isize::MAX as usize) {
        return Err(too_many());
    }
    let (mut low, mut high) = (0isize, 0isize);
    for (&n, &stride) in shape.iter().zip(&strides) {
        let reach = stride.checked_mul(n as isize - 1);
        let end = if stride < 0 { &mut low } else { &mut high };
        *end = reach.and_then(|reach| end.checked_add(reach)).ok_or_else(too_many)?;
    }
    let bytes = high.checked_sub(low).and_then(|n| n.checked_add(item as isize)).ok_or_else(too_many)? as usize;
    // SAFETY: `low` is where the lowest of the elements lies.
    let lowest = unsafe { start.offset(low) };
    let whole = |stride: &isize| stride % item as isize == 0;
    let aligned =
        (lowest.as_ptr() as usize).is_multiple_of(item) && shape.iter().zip(&strides).all(|(&n, s)| n == 1 || whole(s));
    let strides = if aligned { strides.iter().map(|s| s / item as isize).collect() } else { strides };
    let raw = if aligned { dtype } else { DType::Bool }; // of what cannot be seen as elements, the bytes
    // SAFETY: the elements lie in these bytes. Those between them are of the same exporter, who would be the one to say
    // that they may not be read: no exporter is known that has such. The owner goes with them.
    let memory = unsafe { Memory::borrowed(lowest, bytes, owner) };
    let base = Array::around(memory, raw, &[bytes / raw.size()]);
    let offset = low.unsigned_abs() / raw.size();
    if aligned {
        let array = base.view(offset, shape, strides);
        let odd =
            dtype == DType::Bool && array.memory().slice::<u8>().iter().fold(false, |odd, &byte| odd | (byte > 1));
        return match (dtype, odd, swapped) {
            (DType::Bool, true, _) => copied(&array, |byte: u8| u8::from(byte != 0)),
            (DType::I32, _, true) => copied(&array, i32::swap_bytes),
            (DType::F32, _, true) => copied(&array, |x: f32| f32::from_bits(x.to_bits().swap_bytes())),
            _ => Ok(NativeArray(array)),
        };
    }
    let mut places = Vec::new();
    places.try_reserve_exact(size).map_err(|_| too_many())?;
    rcmlrs_kernels::array::for_each_row(&shape, &strides, |first, n, stride| {
        places.extend((0..n as isize).map(|i| (offset as isize + first + i * stride) as usize));
    });
    let raw = base.raw::<u8>();
    let bits = |&place: &usize| {
        let bytes: [u8; 4] = raw[place..place + 4].try_into().expect("four bytes");
        let bits = u32::from_ne_bytes(bytes);
        if swapped { bits.swap_bytes() } else { bits }
    };
    let array = match dtype {
        DType::F32 => Array::build(&shape, |out: &mut [f32]| {
            out.iter_mut().zip(&places).for_each(|(to, place)| *to = f32::from_bits(bits(place)));
        }),
        _ => Array::build(&shape, |out: &mut [i32]| {
            out.iter_mut().zip(&places).for_each(|(to, place)| *to = bits(place) as i32);
        }),
    };
    array.map(NativeArray).map_err(python_error)
}

fn copied<T: rcmlrs_kernels::array::ArrayElement>(array: &Array, of: impl Fn(T) -> T) -> PyResult<NativeArray> {
    let array = array.contiguous().map_err(python_error)?;
    let elements = array.as_slice::<T>().expect("made contiguous");
    let made = Array::build(array.shape(), |out: &mut [T]| {
        out.iter_mut().zip(elements).for_each(|(to, &x)| *to = of(x));
    });
    made.map(NativeArray).map_err(python_error)
}

// ------------------------------------------------------------------------------------------------------- DLPack

/// The structures of DLPack 1.0 (dlpack.h), as C lays them out.
#[repr(C)]
struct DLTensor {
    data: *mut c_void,
    device: (i32, i32),
    ndim: i32,
    code: u8,
    bits: u8,
    lanes: u16,
    shape: *mut i64,
    strides: *mut i64,
    byte_offset: u64,
}

/// What the protocol handed over before it had versions.
#[repr(C)]
struct Unversioned {
    tensor: DLTensor,
    context: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut Unversioned)>,
}

#[repr(C)]
struct Versioned {
    version: [u32; 2],
    context: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut Versioned)>,
    flags: u64,
    tensor: DLTensor,
}

const READ_ONLY: u64 = 1;
const IS_COPIED: u64 = 2;

/// The codes of DLDataTypeCode.
const INT: u8 = 0;
const FLOAT: u8 = 2;
const BOOL: u8 = 6;

/// The name of a capsule, and that of one whose content somebody has taken over.
trait Managed: Sized + 'static {
    const NAME: &CStr;
    const USED: &CStr;
    fn tensor(&self) -> &DLTensor;
    fn deleter(&self) -> Option<unsafe extern "C" fn(*mut Self)>;
}

impl Managed for Unversioned {
    const NAME: &CStr = c"dltensor";
    const USED: &CStr = c"used_dltensor";
    fn tensor(&self) -> &DLTensor {
        &self.tensor
    }
    fn deleter(&self) -> Option<unsafe extern "C" fn(*mut Self)> {
        self.deleter
    }
}

impl Managed for Versioned {
    const NAME: &CStr = c"dltensor_versioned";
    const USED: &CStr = c"used_dltensor_versioned";
    fn tensor(&self) -> &DLTensor {
        &self.tensor
    }
    fn deleter(&self) -> Option<unsafe extern "C" fn(*mut Self)> {
        self.deleter
    }
}

/// What an exported structure points into; the structure itself comes first, so that a pointer to it leads here.
#[repr(C)]
struct Lent<M> {
    managed: M,
    array: Array,
    shape: Vec<i64>,
    strides: Vec<i64>,
}

/// An array as a capsule: the elements as they are, or a copy that its taker may write to.
pub fn capsule<'py>(
    py: Python<'py>,
    array: &Array,
    versioned: bool,
    copy: Option<bool>,
) -> PyResult<Bound<'py, PyAny>> {
    let canonical = array.canonical().map_err(python_error)?;
    let mut copied = !std::ptr::eq(&**canonical.memory(), &**array.memory());
    if copy == Some(false) && (copied || !versioned) {
        let why = if copied { "a NaN that has a payload" } else { "a protocol before 1.0, which cannot say read-only" };
        return Err(PyBufferError::new_err(format!("__dlpack__: copy is False, and {why} needs a copy")));
    }
    let array = if !copied && (copy == Some(true) || !versioned) {
        copied = true;
        again(&canonical).map_err(python_error)?
    } else {
        canonical
    };
    let mut shape: Vec<i64> = array.shape().iter().map(|&n| n as i64).collect();
    let mut strides: Vec<i64> = array.strides().iter().map(|&stride| stride as i64).collect();
    let tensor = DLTensor {
        data: first_element(&array).as_ptr().cast(),
        device: DEVICE,
        ndim: shape.len() as i32,
        code: match array.dtype() {
            DType::F32 => FLOAT,
            DType::I32 => INT,
            DType::Bool => BOOL,
        },
        bits: 8 * array.dtype().size() as u8,
        lanes: 1,
        shape: shape.as_mut_ptr(),
        strides: strides.as_mut_ptr(),
        byte_offset: 0,
    };
    if versioned {
        let flags = if copied { IS_COPIED } else { READ_ONLY };
        let managed =
            Versioned { version: [1, 0], context: ptr::null_mut(), deleter: Some(forget::<Versioned>), flags, tensor };
        lend(py, Lent { managed, array, shape, strides })
    } else {
        let managed = Unversioned { tensor, context: ptr::null_mut(), deleter: Some(forget::<Unversioned>) };
        lend(py, Lent { managed, array, shape, strides })
    }
}

/// A row-major copy, also of what is row-major.
fn again(array: &Array) -> rcmlrs_kernels::Result<Array> {
    if !array.is_contiguous() {
        return array.contiguous();
    }
    let side_by_side = "it is contiguous";
    match array.dtype() {
        DType::F32 => Array::from_slice(array.as_slice::<f32>().expect(side_by_side), array.shape()),
        DType::I32 => Array::from_slice(array.as_slice::<i32>().expect(side_by_side), array.shape()),
        DType::Bool => Array::from_slice(array.as_slice::<u8>().expect(side_by_side), array.shape()),
    }
}

/// Called by who has taken a structure over and is done with it, in any thread.
unsafe extern "C" fn forget<M>(managed: *mut M) {
    // SAFETY: the pointer is that of a box which `lend` has given away, and this is called once.
    drop(unsafe { Box::from_raw(managed.cast::<Lent<M>>()) });
}

fn lend<M: Managed>(py: Python<'_>, lent: Lent<M>) -> PyResult<Bound<'_, PyAny>> {
    let pointer = Box::into_raw(Box::new(lent));
    // SAFETY: the pointer is not null, the name is constant, and the destructor fits.
    unsafe {
        let capsule = ffi::PyCapsule_New(pointer.cast(), M::NAME.as_ptr(), Some(unclaimed::<M>));
        if capsule.is_null() {
            drop(Box::from_raw(pointer));
        }
        Bound::from_owned_ptr_or_err(py, capsule)
    }
}

/// The destructor of a capsule: what nobody has taken over is dropped with it.
unsafe extern "C" fn unclaimed<M: Managed>(capsule: *mut ffi::PyObject) {
    // SAFETY: Python calls this with the capsule; under this name it has the pointer that `lend` put in.
    unsafe {
        if ffi::PyCapsule_IsValid(capsule, M::NAME.as_ptr()) != 0 {
            forget::<M>(ffi::PyCapsule_GetPointer(capsule, M::NAME.as_ptr()).cast());
        }
    }
}

/// A structure that was taken over; its exporter gets it back when this is dropped.
struct Taken<M: Managed>(NonNull<M>);

// SAFETY: the tensor may be read from any thread, and the deleter called in any, as the protocol says.
unsafe impl<M: Managed> Send for Taken<M> {}
// SAFETY: likewise.
unsafe impl<M: Managed> Sync for Taken<M> {}

impl<M: Managed> Drop for Taken<M> {
    fn drop(&mut self) {
        // SAFETY: the structure lives until its deleter is called, which happens here and once.
        if let Some(deleter) = unsafe { self.0.as_ref() }.deleter() {
            // Attached, for exporters that are Python's and rely on it. Without an interpreter nobody is left.
            // SAFETY: likewise.
            Python::try_attach(|_| unsafe { deleter(self.0.as_ptr()) });
        }
    }
}

/// An array over the elements of whatever has DLPack's protocol (or of its capsule), in the memory of the processor. The
/// exporter keeps them as long as the array.
#[pyfunction]
pub fn from_dlpack(source: &Bound<'_, PyAny>) -> PyResult<NativeArray> {
    let py = source.py();
    let capsule = if source.is_instance_of::<PyCapsule>() {
        source.clone()
    } else {
        let device: (i32, i32) = source.call_method0("__dlpack_device__")?.extract()?;
        if device.0 != DEVICE.0 {
            return Err(PyBufferError::new_err(format!(
                "from_dlpack: the elements lie on device {device:?}; bring them to the processor, which is {DEVICE:?}"
            )));
        }
        let arguments = PyDict::new(py);
        arguments.set_item("max_version", (1, 0))?;
        match source.call_method("__dlpack__", (), Some(&arguments)) {
            Err(error) if error.is_instance_of::<PyTypeError>(py) => source.call_method0("__dlpack__")?,
            made => made?,
        }
    };
    if let Some(taken) = take::<Versioned>(&capsule)? {
        // SAFETY: the structure was taken over and is not given back yet.
        let version = unsafe { taken.0.as_ref() }.version;
        if version[0] != 1 {
            return Err(PyBufferError::new_err(format!(
                "from_dlpack: version {}.{} of DLPack; 1.0 and what goes with it are known",
                version[0], version[1]
            )));
        }
        return adopt_tensor(taken);
    }
    match take::<Unversioned>(&capsule)? {
        Some(taken) => adopt_tensor(taken),
        None => Err(PyBufferError::new_err("from_dlpack: the capsule holds no tensor, or somebody has taken it over")),
    }
}

fn take<M: Managed>(capsule: &Bound<'_, PyAny>) -> PyResult<Option<Taken<M>>> {
    let raw = capsule.as_ptr();
    // SAFETY: `raw` is an object; only a capsule of that name is asked for its pointer, which is a structure `M` then.
    // Renamed, it is ours: neither its destructor nor another taker touches it.
    unsafe {
        if ffi::PyCapsule_IsValid(raw, M::NAME.as_ptr()) == 0 {
            return Ok(None);
        }
        let pointer = NonNull::new(ffi::PyCapsule_GetPointer(raw, M::NAME.as_ptr()).cast::<M>());
        let Some(pointer) = pointer else { return Err(PyErr::fetch(capsule.py())) };
        if ffi::PyCapsule_SetName(raw, M::USED.as_ptr()) != 0 {
            return Err(PyErr::fetch(capsule.py()));
        }
        Ok(Some(Taken(pointer)))
    }
}

fn adopt_tensor<M: Managed>(taken: Taken<M>) -> PyResult<NativeArray> {
    // SAFETY: the structure was taken over and is not given back yet.
    let tensor = unsafe { taken.0.as_ref() }.tensor();
    if tensor.device.0 != DEVICE.0 {
        return Err(PyBufferError::new_err(format!("from_dlpack: the elements lie on device {:?}", tensor.device)));
    }
    let dtype = match (tensor.code, tensor.bits, tensor.lanes) {
        (FLOAT, 32, 1) => DType::F32,
        (INT, 32, 1) => DType::I32,
        (BOOL, 8, 1) => DType::Bool,
        (code, bits, lanes) => {
            return Err(unsupported(&format!("a tensor of DLPack's type code {code}, {bits} bits, {lanes} lanes")));
        }
    };
    let ndim = usize::try_from(tensor.ndim).map_err(|_| PyBufferError::new_err("a tensor of fewer than no axes"))?;
    // SAFETY: where the tensor has them, they are arrays of `ndim` numbers.
    let (shape, strides) = unsafe { (list(tensor.shape, ndim), list(tensor.strides, ndim)) };
    if shape.is_none() && ndim > 0 {
        return Err(PyBufferError::new_err("a tensor of some axes and no lengths"));
    }
    let shape = lengths_of(shape.unwrap_or(&[]).iter().copied())?;
    let strides = match strides {
        Some(strides) => in_bytes(&strides.iter().map(|&stride| stride as isize).collect::<Strides>(), dtype)?,
        None => {
            rcmlrs_kernels::array::size_of_shape(&shape).map_err(python_error)?;
            in_bytes(&rcmlrs_kernels::array::row_major(&shape), dtype)?
        }
    };
    let start = tensor.data.cast::<u8>();
    let start = if start.is_null() { start } else { start.wrapping_add(tensor.byte_offset as usize) };
    // SAFETY: the exporter promises that the elements may be read until it gets the structure back.
    unsafe { adopt(start, dtype, shape, strides, false, Box::new(taken)) }
}
