//! minimum.
