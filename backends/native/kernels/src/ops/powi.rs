//! powi.
