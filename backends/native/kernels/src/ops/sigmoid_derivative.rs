//! sigmoid_derivative.
