//! mul.
