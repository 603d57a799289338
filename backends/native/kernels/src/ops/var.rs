//! var.
