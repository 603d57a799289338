//! softmax_derivative.
