//! Elements in another order or place, and indices.

use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use rcmlrs_kernels::array::{Array, Shape};
use rcmlrs_kernels::ops::subscript::Item;
use rcmlrs_kernels::{Result, ops};

use crate::array::{NativeArray, dtype_of};
use crate::compute;
use crate::errors::{index_error, python_error};

/// A tuple of ints that are not negative; one that no length can be (a step, say) counts as the largest.
pub struct Lengths(pub Shape);

impl<'a, 'py> FromPyObject<'a, 'py> for Lengths {
    type Error = PyErr;

    fn extract(numbers: Borrowed<'a, 'py, PyAny>) -> PyResult<Lengths> {
        let numbers = numbers.cast::<PyTuple>()?;
        let length = |number: Borrowed<'_, 'py, PyAny>| match number.extract::<usize>() {
            Err(error) if error.is_instance_of::<PyOverflowError>(number.py()) => Ok(usize::MAX),
            found => found,
        };
        numbers.iter_borrowed().map(length).collect::<PyResult<_>>().map(Lengths)
    }
}

fn made(array: Result<Array>) -> PyResult<NativeArray> {
    array.map(NativeArray).map_err(python_error)
}

#[pyfunction]
#[pyo3(signature = (x, *, shape))]
fn reshape(py: Python<'_>, x: &Bound<'_, NativeArray>, shape: Lengths) -> PyResult<NativeArray> {
    let x = &x.get().0;
    made(compute(py, x.size(), || ops::reshape::reshape(x, &shape.0)))
}

#[pyfunction]
#[pyo3(signature = (x, *, axes))]
fn transpose(x: &Bound<'_, NativeArray>, axes: Lengths) -> NativeArray {
    NativeArray(ops::transpose::transpose(&x.get().0, &axes.0))
}

#[pyfunction]
#[pyo3(signature = (x, *, shape))]
fn broadcast_to(x: &Bound<'_, NativeArray>, shape: Lengths) -> PyResult<NativeArray> {
    made(ops::broadcast_to::broadcast_to(&x.get().0, &shape.0))
}

#[pyfunction]
#[pyo3(signature = (x, *, start, stop, step))]
fn slice(x: &Bound<'_, NativeArray>, start: Lengths, stop: Lengths, step: Lengths) -> NativeArray {
    NativeArray(ops::slice::slice(&x.get().0, &start.0, &stop.0, &step.0))
}

/// The items of a subscript in normal form: None, an int, or (first, last, step).
struct Items(Vec<Item>);

impl<'a, 'py> FromPyObject<'a, 'py> for Items {
    type Error = PyErr;

    fn extract(items: Borrowed<'a, 'py, PyAny>) -> PyResult<Items> {
        let item = |item: Borrowed<'_, 'py, PyAny>| {
            if item.is_none() {
                return Ok(Item::New);
            }
            if let Ok(place) = item.extract::<usize>() {
                return Ok(Item::At(place));
            }
            let (first, last, step) = item.extract::<(usize, Option<usize>, Bound<'py, PyAny>)>()?;
            // A step that no length can be is as good as the largest.
            let step = step.extract::<isize>().unwrap_or(if step.gt(0)? { isize::MAX } else { -isize::MAX });
            Ok(Item::Span(first, last, step))
        };
        items.cast::<PyTuple>()?.iter_borrowed().map(item).collect::<PyResult<_>>().map(Items)
    }
}

#[pyfunction]
#[pyo3(signature = (x, *, items))]
fn subscript(x: &Bound<'_, NativeArray>, items: Items) -> NativeArray {
    NativeArray(ops::subscript::subscript(&x.get().0, &items.0))
}

#[pyfunction]
#[pyo3(signature = (x, *, kernel, stride))]
fn windows(x: &Bound<'_, NativeArray>, kernel: Lengths, stride: Lengths) -> NativeArray {
    NativeArray(ops::windows::windows(&x.get().0, &kernel.0, &stride.0))
}

#[pyfunction]
#[pyo3(signature = (x, *, axis))]
fn flip(x: &Bound<'_, NativeArray>, axis: Lengths) -> NativeArray {
    NativeArray(ops::flip::flip(&x.get().0, &axis.0))
}

#[pyfunction]
#[pyo3(signature = (*xs, axis))]
fn concat(py: Python<'_>, xs: &Bound<'_, PyTuple>, axis: usize) -> PyResult<NativeArray> {
    let xs: Vec<_> = xs.iter().map(|x| x.cast_into::<NativeArray>()).collect::<std::result::Result<_, _>>()?;
    let arrays: Vec<&Array> = xs.iter().map(|x| &x.get().0).collect();
    let size = arrays.iter().fold(0usize, |size, x| size.saturating_add(x.size()));
    made(compute(py, size, || ops::concat::concat(&arrays, axis)))
}

#[pyfunction]
#[pyo3(signature = (x, *, widths, value, interior))]
fn pad(
    py: Python<'_>,
    x: &Bound<'_, NativeArray>,
    widths: Vec<(usize, usize)>,
    value: f64,
    interior: Lengths,
) -> PyResult<NativeArray> {
    let x = &x.get().0;
    made(compute(py, x.size(), || ops::pad::pad(x, &widths, value, &interior.0)))
}

#[pyfunction]
#[pyo3(signature = (x, indices, *, axis))]
fn gather(
    py: Python<'_>,
    x: &Bound<'_, NativeArray>,
    indices: &Bound<'_, NativeArray>,
    axis: usize,
) -> PyResult<NativeArray> {
    let (x, indices) = (&x.get().0, &indices.get().0);
    let array = compute(py, indices.size(), || ops::gather::gather(x, indices, axis));
    array.map(NativeArray).map_err(|error| index_error(py, "gather", error, indices.shape()))
}

#[pyfunction]
#[pyo3(signature = (x, indices, *, axis))]
fn take(
    py: Python<'_>,
    x: &Bound<'_, NativeArray>,
    indices: &Bound<'_, NativeArray>,
    axis: usize,
) -> PyResult<NativeArray> {
    let (x, indices) = (&x.get().0, &indices.get().0);
    let slice = x.size() / x.shape().get(axis).map_or(1, |&n| n.max(1));
    let array = compute(py, x.size().max(indices.size().saturating_mul(slice)), || ops::take::take(x, indices, axis));
    array.map(NativeArray).map_err(|error| index_error(py, "take", error, indices.shape()))
}

#[pyfunction]
#[pyo3(signature = (indices, *, classes))]
fn one_hot(py: Python<'_>, indices: &Bound<'_, NativeArray>, classes: usize) -> PyResult<NativeArray> {
    let indices = &indices.get().0;
    let array = compute(py, indices.size().saturating_mul(classes), || ops::one_hot::one_hot(indices, classes));
    array.map(NativeArray).map_err(|error| index_error(py, "one_hot", error, indices.shape()))
}

#[pyfunction]
#[pyo3(signature = (x, *, dtype))]
fn astype(py: Python<'_>, x: &Bound<'_, NativeArray>, dtype: &str) -> PyResult<NativeArray> {
    let (x, dtype) = (&x.get().0, dtype_of(dtype)?);
    made(compute(py, x.size(), || ops::astype::astype(x, dtype)))
}

/// Put the kernels of this file into the dictionary.
pub fn register(kernels: &Bound<'_, PyDict>) -> PyResult<()> {
    macro_rules! register {
        ($($name:ident),* $(,)?) => {
            $(kernels.set_item(stringify!($name), wrap_pyfunction!($name, kernels.py())?)?;)*
        };
    }
    register!(
        astype,
        broadcast_to,
        concat,
        flip,
        gather,
        one_hot,
        pad,
        reshape,
        slice,
        subscript,
        take,
        transpose,
        windows
    );
    Ok(())
}
