//! max.
