//! sub.
