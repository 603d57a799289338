//! reshape.
