//! expm1.
