//! median.
