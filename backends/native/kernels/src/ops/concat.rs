//! concat.
