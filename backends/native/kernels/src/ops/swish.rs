//! swish.
