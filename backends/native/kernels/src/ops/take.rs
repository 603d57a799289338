//! take.
