//! argmax.
