//! less.
