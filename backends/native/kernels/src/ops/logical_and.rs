//! logical_and.
