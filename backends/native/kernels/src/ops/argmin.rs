//! argmin.
