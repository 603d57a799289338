//! sum.
