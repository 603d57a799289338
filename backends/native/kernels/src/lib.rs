//! Kernels whose every result is the binary32 number nearest to the exact one (RN), with no Python in them.
//!
//! What operations are made of:
//!
//! * [`ops`]: one file per operation, of the name that it has in the framework's table.
//! * [`mod@array`]: what they work on, an n-dimensional view of shared memory; [`memory`] owns it. [`error`]: what they refuse.
//! * [`simd`]: vectors of binary64 lanes at three levels, chosen when a program starts; the results are the same bits.
//!   [`environment`] sees to it that those are rounded to nearest, and subnormals kept.
//! * [`threads`]: the pool that shares out long work; [`parts`] of it may fail, and [`interrupt`] ends it early.
//!
//! What several of them share:
//!
//! * [`elementwise`]: a function of one element of each operand, broadcast; [`copy`]: elements to another place; [`walk`]:
//!   the way through both; [`indices`] are checked before they are followed.
//! * [`function`]: how a function of one binary32 number is rounded, in binary64 and, where that leaves it open, in
//!   [`double`]-double; [`exponential`], [`logarithm`] and [`circular`] are what most of them are built on. [`power`]: of
//!   two numbers.
//! * [`rows`]: functions of rows that are rounded once, for softmax and its relatives; [`terms`]: the exponentials of a
//!   row's elements and their sums.
//! * [`reduce`]: what becomes of the elements along some axes: their sums ([`sums`]), and what their order says
//!   ([`order`]).
//! * [`contraction`]: products of matrices.
//! * [`exact`]: exact sums, and [`natural`]: fractions of large integers, for what faster ways leave undecided.
//! * [`fused`]: whole compositions in one pass.
//!
//! `unsafe` is found in `simd`, `memory`, `environment`, `placement` and `threads` alone, each block with its reason.

pub mod array;
pub mod circular;
pub mod contraction;
pub mod copy;
pub mod double;
pub mod elementwise;
pub mod environment;
pub mod error;
pub mod exact;
pub mod exponential;
pub mod few;
pub mod function;
pub mod fused;
pub mod indices;
pub mod interrupt;
pub mod logarithm;
pub mod memory;
pub mod natural;
pub mod ops;
pub mod order;
pub mod parts;
mod placement;
pub mod power;
pub mod reduce;
pub mod rows;
pub mod simd;
pub mod sums;
pub mod terms;
pub mod threads;
pub mod walk;

pub use array::{Array, DType, Element};
pub use error::{Error, Result, caught};
