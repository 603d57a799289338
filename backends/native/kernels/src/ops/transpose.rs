//! transpose(x, axes): axis i of the result is axis `axes[i]` of x. A view.

use crate::array::Array;

/// The axes in another order.
pub fn transpose(x: &Array, axes: &[usize]) -> Array {
    let shape = axes.iter().map(|&axis| x.shape()[axis]).collect();
    x.view(x.offset(), shape, axes.iter().map(|&axis| x.strides()[axis]).collect())
}
