//! pad.
