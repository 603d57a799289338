//! Compositions of operations in one kernel: the names and signatures are those of `rcmlrs_core.fused`.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use rcmlrs_kernels::array::Array;
use rcmlrs_kernels::ops::adam_update::Adam;
use rcmlrs_kernels::ops::sgd_update::Sgd;
use rcmlrs_kernels::{Result, ops};

use crate::array::NativeArray;
use crate::compute;
use crate::errors::python_error;
use crate::numbers::Number;

fn made<'py>(py: Python<'py>, arrays: Result<Vec<Array>>) -> PyResult<Bound<'py, PyTuple>> {
    let arrays = arrays.map_err(python_error)?;
    let arrays: Vec<_> = arrays.into_iter().map(|array| Bound::new(py, NativeArray(array))).collect::<PyResult<_>>()?;
    PyTuple::new(py, arrays)
}

#[pyfunction]
#[pyo3(signature = (p, g, m, v, *, lr, beta1, beta2, rest1, rest2, unbias1, unbias2, eps, weight_decay))]
#[allow(clippy::too_many_arguments, reason = "they are Python's, by name")]
fn adam_update<'py>(
    py: Python<'py>,
    p: &Bound<'py, NativeArray>,
    g: &Bound<'py, NativeArray>,
    m: &Bound<'py, NativeArray>,
    v: &Bound<'py, NativeArray>,
    lr: Number,
    beta1: Number,
    beta2: Number,
    rest1: Number,
    rest2: Number,
    unbias1: Number,
    unbias2: Number,
    eps: Number,
    weight_decay: Option<Number>,
) -> PyResult<Bound<'py, PyTuple>> {
    let operands = [p, g, m, v].map(|x| &x.get().0);
    let numbers = Adam {
        lr: lr.into(),
        beta1: beta1.into(),
        beta2: beta2.into(),
        rest1: rest1.into(),
        rest2: rest2.into(),
        unbias1: unbias1.into(),
        unbias2: unbias2.into(),
        eps: eps.into(),
    };
    let weight_decay = weight_decay.map(f32::from);
    let arrays = compute(py, operands[0].size(), || ops::adam_update::adam_update(operands, numbers, weight_decay));
    made(py, arrays.map(Vec::from))
}

#[pyfunction]
#[pyo3(signature = (p, g, b=None, *, lr, momentum, nesterov, weight_decay))]
#[allow(clippy::too_many_arguments, reason = "they are Python's, by name")]
fn sgd_update<'py>(
    py: Python<'py>,
    p: &Bound<'py, NativeArray>,
    g: &Bound<'py, NativeArray>,
    b: Option<&Bound<'py, NativeArray>>,
    lr: Number,
    momentum: Option<Number>,
    nesterov: bool,
    weight_decay: Option<Number>,
) -> PyResult<Bound<'py, PyTuple>> {
    let (p, g, b) = (&p.get().0, &g.get().0, b.map(|b| &b.get().0));
    let (momentum, weight_decay) = (momentum.map(f32::from), weight_decay.map(f32::from));
    let numbers = Sgd { lr: lr.into(), momentum, nesterov, weight_decay };
    made(py, compute(py, p.size(), || ops::sgd_update::sgd_update(p, g, b, numbers)))
}

/// Put the kernels of this file into the dictionary.
pub fn register(fused: &Bound<'_, PyDict>) -> PyResult<()> {
    fused.set_item("adam_update", wrap_pyfunction!(adam_update, fused.py())?)?;
    fused.set_item("sgd_update", wrap_pyfunction!(sgd_update, fused.py())?)
}
