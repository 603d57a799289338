//! div.
