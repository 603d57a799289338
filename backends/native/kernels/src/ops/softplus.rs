//! softplus.
