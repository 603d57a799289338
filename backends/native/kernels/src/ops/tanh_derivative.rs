//! tanh_derivative.
