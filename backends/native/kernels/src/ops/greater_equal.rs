//! greater_equal.
