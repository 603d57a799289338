//! astype.
