//! logical_or.
