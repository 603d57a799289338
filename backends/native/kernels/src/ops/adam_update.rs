//! adam_update: a step of Adam, as `rcmlrs_core.optim.adam` composes it of operations (contract N5).
//!
//! ```text
//! g = g + weight_decay * p                                  (falls away without)
//! m = beta1 * m + rest1 * g
//! v = beta2 * v + rest2 * g^2
//! p = p - lr * ((m / unbias1) / (sqrt(v / unbias2) + eps))
//! ```

use crate::array::Array;
use crate::error::Result;
use crate::fused::{Formula, apply};

/// The numbers of a step.
#[allow(missing_docs, reason = "the names are the formula's")]
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    pub lr: f32,
    pub beta1: f32,
    pub beta2: f32,
    pub rest1: f32,
    pub rest2: f32,
    pub unbias1: f32,
    pub unbias2: f32,
    pub eps: f32,
}

impl Adam {
    #[inline(always)]
    fn step(self, p: f32, g: f32, m: f32, v: f32) -> [f32; 3] {
        let m = self.beta1 * m + self.rest1 * g;
        let v = self.beta2 * v + self.rest2 * (g * g);
        [p - self.lr * ((m / self.unbias1) / ((v / self.unbias2).sqrt() + self.eps)), m, v]
    }
}

#[derive(Clone, Copy)]
struct Plain(Adam);

impl Formula<4, 3> for Plain {
    #[inline(always)]
    fn at(self, [p, g, m, v]: [f32; 4]) -> [f32; 3] {
        self.0.step(p, g, m, v)
    }
}

#[derive(Clone, Copy)]
struct Decayed(Adam, f32);

impl Formula<4, 3> for Decayed {
    #[inline(always)]
    fn at(self, [p, g, m, v]: [f32; 4]) -> [f32; 3] {
        self.0.step(p, g + self.1 * p, m, v)
    }
}

/// The parameter and its moments after a step, from `[p, g, m, v]`.
pub fn adam_update(operands: [&Array; 4], numbers: Adam, weight_decay: Option<f32>) -> Result<[Array; 3]> {
    match weight_decay {
        None => apply(Plain(numbers), operands),
        Some(decay) => apply(Decayed(numbers, decay), operands),
    }
}
