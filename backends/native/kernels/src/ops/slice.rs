//! slice.
