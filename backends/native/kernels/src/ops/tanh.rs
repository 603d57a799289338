//! tanh.
