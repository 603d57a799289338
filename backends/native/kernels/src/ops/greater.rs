//! greater.
