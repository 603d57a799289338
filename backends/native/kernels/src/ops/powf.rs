//! powf.
