//! gelu_derivative.
