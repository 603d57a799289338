//! neg.
