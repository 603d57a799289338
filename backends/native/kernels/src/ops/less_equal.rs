//! less_equal.
