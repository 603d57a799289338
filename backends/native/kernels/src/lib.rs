//! Kernels whose every result is the binary32 number nearest to the exact one (RN), with no Python in them.
//!
//! * [`ops`]: one file per operation, of the name that it has in the framework's table.
//! * [`mod@array`]: what they work on, an n-dimensional view of shared memory; [`memory`] owns it.
//! * [`simd`]: vectors of binary64 lanes at three levels, chosen when a program starts; the results are the same bits.
//! * [`elementwise`]: a function of one element of each operand, broadcast; [`copy`]: elements to another place;
//!   [`walk`]: the way through both; [`indices`] are checked before they are followed.
//! * [`fused`]: whole compositions in one pass.
//! * [`threads`]: the pool that shares out long work; [`environment`]: the floating-point state that kernels run in.
//! * [`reduce`]: the way along axes; [`sums`], [`order`] and [`rows`]: what becomes of the elements there. [`exact`]
//!   and [`natural`] decide what faster ways leave undecided.
//! * [`contraction`]: products of matrices.
//! * [`function`]: how a function of one binary32 number is rounded: binary64 in vectors, double-double where that
//!   leaves it open ([`double`]). They are built on [`exponential`], [`logarithm`] and [`power`].
//! * [`error`]: what a kernel refuses. Axes, attributes and element types are for the caller to check first, as the
//!   framework does: what breaks that, such as int32 given to `exp`, may panic.
//!
//! `unsafe` is found in `simd`, `memory` and `environment` alone, each block with its reason.

pub mod array;
pub mod contraction;
pub mod copy;
pub mod double;
pub mod elementwise;
pub mod environment;
pub mod error;
pub mod exact;
pub mod exponential;
pub mod function;
pub mod fused;
pub mod indices;
pub mod logarithm;
pub mod memory;
pub mod natural;
pub mod ops;
pub mod order;
pub mod power;
pub mod reduce;
pub mod rows;
pub mod simd;
pub mod sums;
pub mod threads;
pub mod walk;

pub use array::{Array, DType, Element};
pub use error::{Error, Result, caught};
