//! square.
