//! sigmoid.
