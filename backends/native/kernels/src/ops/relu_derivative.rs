//! relu_derivative.
