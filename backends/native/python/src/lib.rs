//! The kernels as a Python extension module: converts, releases the interpreter, and nothing else.
//!
//! `KERNELS` is a dictionary of functions by the names of the operations; each takes [`NativeArray`]s and the operation's
//! attributes in their normal form, by keyword. What a kernel leaves undecided goes to the framework's own definition.

mod array;
mod contraction;
mod elementwise;
mod errors;
mod exchange;
mod functions;
mod fused;
mod moves;
mod numbers;
mod order;
mod powers;
mod rows;
mod settle;
mod sums;

use pyo3::prelude::*;
use pyo3::types::PyDict;

use rcmlrs_kernels::simd::Level;
use rcmlrs_kernels::{Result, caught, environment, interrupt, memory, threads};

/// Elements from which on a kernel lets other Python threads run: letting go and coming back costs some 100 ns.
const LONG: usize = 1 << 14;

/// Run `work`, without the interpreter where it is long, in the floating-point environment that kernels are made for: with
/// another, not even a comparison with a subnormal attribute is right. A panic is an error like others.
fn compute<T: Send>(py: Python<'_>, elements: usize, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let work = || environment::with_default(|| caught(work));
    if elements < LONG { work() } else { py.detach(work) }
}

/// The level that kernels run at: `avx512`, `avx2` or `portable`.
#[pyfunction]
fn level() -> String {
    Level::current().to_string()
}

/// Run kernels at this level from now on. `ValueError` for one that is unknown or that the machine does not have.
#[pyfunction]
fn set_level(name: &str) -> PyResult<()> {
    let level: Level = name.parse().map_err(pyo3::exceptions::PyValueError::new_err)?;
    level.set().map_err(pyo3::exceptions::PyValueError::new_err)
}

/// The levels that this machine has, the fastest first.
#[pyfunction]
fn levels() -> Vec<String> {
    Level::ALL.into_iter().filter(|&level| level <= Level::best()).map(|level| level.to_string()).collect()
}

/// What is wrong with the choice of a level by the environment; nothing where all is well.
#[pyfunction]
fn problems() -> Vec<String> {
    Level::chosen().err().into_iter().collect()
}

/// Why `RCMLRS_NUM_THREADS` chooses no number of threads, if it does not; results do not depend on it.
#[pyfunction]
fn thread_problem() -> Option<String> {
    threads::chosen().err()
}

/// How many threads work on a long kernel.
#[pyfunction]
fn thread_count() -> usize {
    threads::count()
}

/// Set how many threads work from now on; at least one.
#[pyfunction]
fn set_thread_count(count: usize) {
    threads::set_count(count);
}

/// Give all memory that nobody uses back to the system; returns how many bytes that was.
#[pyfunction]
fn trim() -> usize {
    memory::trim()
}

/// How many bytes arrays take up now; memory that others own is not counted, nor what is kept for the next array.
#[pyfunction]
fn memory_in_use() -> usize {
    memory::in_use()
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    interrupt::set(errors::interrupted);
    let kernels = PyDict::new(module.py());
    functions::register(&kernels)?;
    elementwise::register(&kernels)?;
    contraction::register(&kernels)?;
    sums::register(&kernels)?;
    powers::register(&kernels)?;
    rows::register(&kernels)?;
    order::register(&kernels)?;
    moves::register(&kernels)?;
    module.add("KERNELS", kernels)?;
    let fused = PyDict::new(module.py());
    fused::register(&fused)?;
    module.add("FUSED", fused)?;
    module.add_class::<array::NativeArray>()?;
    module.add_function(wrap_pyfunction!(array::load, module)?)?;
    module.add_function(wrap_pyfunction!(array::dump, module)?)?;
    module.add_function(wrap_pyfunction!(exchange::from_buffer, module)?)?;
    module.add_function(wrap_pyfunction!(exchange::from_dlpack, module)?)?;
    module.add_function(wrap_pyfunction!(settle::with_elements, module)?)?;
    module.add_function(wrap_pyfunction!(level, module)?)?;
    module.add_function(wrap_pyfunction!(set_level, module)?)?;
    module.add_function(wrap_pyfunction!(levels, module)?)?;
    module.add_function(wrap_pyfunction!(problems, module)?)?;
    module.add_function(wrap_pyfunction!(thread_problem, module)?)?;
    module.add_function(wrap_pyfunction!(thread_count, module)?)?;
    module.add_function(wrap_pyfunction!(set_thread_count, module)?)?;
    module.add_function(wrap_pyfunction!(trim, module)?)?;
    module.add_function(wrap_pyfunction!(memory_in_use, module)?)?;
    Ok(())
}
