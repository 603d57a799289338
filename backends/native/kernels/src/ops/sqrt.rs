//! sqrt.
