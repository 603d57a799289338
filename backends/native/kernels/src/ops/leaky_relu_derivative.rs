//! leaky_relu_derivative.
