//! maximum.
