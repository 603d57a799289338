//! argsort.
