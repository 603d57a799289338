//! where(condition, x, y).
