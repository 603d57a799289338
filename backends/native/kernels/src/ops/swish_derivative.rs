//! swish_derivative.
