//! leaky_relu.
