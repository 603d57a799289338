//! relu.
