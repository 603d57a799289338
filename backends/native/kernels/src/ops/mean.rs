//! mean.
