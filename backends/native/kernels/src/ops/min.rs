//! min.
