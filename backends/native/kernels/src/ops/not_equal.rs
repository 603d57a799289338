//! not_equal.
