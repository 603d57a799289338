//! add.
