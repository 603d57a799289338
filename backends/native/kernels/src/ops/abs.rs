//! abs.
