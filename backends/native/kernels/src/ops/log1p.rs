//! log1p.
