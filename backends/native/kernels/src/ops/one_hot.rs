//! one_hot.
