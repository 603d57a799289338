//! windows(x, kernel, stride): all windows over the last axes, whose elements are further axes. A view.

use crate::array::{Array, Shape, Strides};

/// The windows of `kernel` elements along the last axes, `stride` apart. They fit.
pub fn windows(x: &Array, kernel: &[usize], stride: &[usize]) -> Array {
    let first = x.shape().len() - kernel.len();
    let (mut shape, mut strides) = (Shape::from(x.shape()), Strides::from(x.strides()));
    for (i, (&k, &s)) in kernel.iter().zip(stride).enumerate() {
        let axis = first + i;
        let places = (x.shape()[axis] - k) / s + 1;
        shape[axis] = places;
        shape.push(k);
        strides.push(x.strides()[axis]);
        if places > 1 {
            strides[axis] *= s as isize;
        }
    }
    x.view(x.offset(), shape, strides)
}
