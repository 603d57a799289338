//! logical_not.
