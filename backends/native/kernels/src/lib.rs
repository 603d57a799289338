//! Kernels whose every result is the binary32 number nearest to the exact one (RN), with no Python in them.
//!
//! * [`ops`]: one file per operation, of the name that it has in the framework's table.
//! * [`array`]: what they work on, an n-dimensional view of shared memory; [`memory`] owns it.
//! * [`simd`]: vectors of binary64 lanes at three levels, chosen when a program starts; the results are the same bits.
//! * [`threads`]: the pool that shares out long work.
//! * [`exact`]: exact sums, for what faster ones leave undecided.
//! * [`function`]: how a function of one binary32 number is rounded: binary64 in vectors, double-double where that
//!   leaves it open.
//!
//! `unsafe` is found in `simd` and `memory` alone, each block with its reason.

pub mod array;
pub mod double;
pub mod environment;
pub mod error;
pub mod exact;
pub mod function;
pub mod memory;
pub mod natural;
pub mod ops;
pub mod order;
pub mod reduce;
pub mod simd;
pub mod sums;
pub mod threads;

pub use array::{Array, DType, Element};
pub use error::{Error, Result};
