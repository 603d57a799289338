//! What is certified: for each function its kernel and its second evaluation. A new function is a row here.

use rcmlrs_kernels::function::Rounded;
use rcmlrs_kernels::{Array, Result, ops};

use crate::enclose::{self, Enclosed};
use crate::exact::{self, Exact};
use crate::lanes::{self, Lanes};

/// A function that is certified.
pub struct Row {
    /// As in the framework.
    pub name: &'static str,
    /// What is under test.
    pub kernel: fn(&Array) -> Result<Rounded>,
    /// What it must agree with.
    pub second: Second,
}

/// A second evaluation.
pub enum Second {
    /// In intervals, and at some points by specification.
    Enclosed {
        /// Over many inputs.
        lanes: Lanes,
        /// See [`Enclosed::special`].
        special: fn(u32) -> Option<u32>,
        /// See [`Enclosed::enclose`].
        enclose: fn(f64) -> (f64, f64),
    },
    /// In integers.
    Exact(Exact),
}

fn enclosed<E: Enclosed>() -> Second {
    Second::Enclosed { lanes: lanes::best::<E>(), special: E::special, enclose: E::enclose }
}

/// 0.01, leaky_relu's default.
const SLOPE: f32 = 0.01;

/// All functions of one argument.
pub fn table() -> Vec<Row> {
    vec![
        Row { name: "exp", kernel: ops::exp::exp, second: enclosed::<enclose::Exp>() },
        Row { name: "expm1", kernel: ops::expm1::expm1, second: enclosed::<enclose::Expm1>() },
        Row { name: "log", kernel: ops::log::log, second: enclosed::<enclose::Log>() },
        Row { name: "log1p", kernel: ops::log1p::log1p, second: enclosed::<enclose::Log1p>() },
        Row { name: "sigmoid", kernel: ops::sigmoid::sigmoid, second: enclosed::<enclose::Sigmoid>() },
        Row {
            name: "sigmoid_derivative",
            kernel: ops::sigmoid_derivative::sigmoid_derivative,
            second: enclosed::<enclose::SigmoidDerivative>(),
        },
        Row { name: "tanh", kernel: ops::tanh::tanh, second: enclosed::<enclose::Tanh>() },
        Row {
            name: "tanh_derivative",
            kernel: ops::tanh_derivative::tanh_derivative,
            second: enclosed::<enclose::TanhDerivative>(),
        },
        Row { name: "softplus", kernel: ops::softplus::softplus, second: enclosed::<enclose::Softplus>() },
        Row { name: "swish", kernel: ops::swish::swish, second: enclosed::<enclose::Swish>() },
        Row {
            name: "swish_derivative",
            kernel: ops::swish_derivative::swish_derivative,
            second: enclosed::<enclose::SwishDerivative>(),
        },
        Row { name: "gelu", kernel: ops::gelu::gelu, second: enclosed::<enclose::Gelu>() },
        Row {
            name: "gelu_derivative",
            kernel: ops::gelu_derivative::gelu_derivative,
            second: enclosed::<enclose::GeluDerivative>(),
        },
        Row { name: "sqrt", kernel: |x| ops::sqrt::sqrt(x).map(Rounded::from), second: Second::Exact(exact::sqrt) },
        Row {
            name: "square",
            kernel: |x| ops::square::square(x).map(Rounded::from),
            second: Second::Exact(exact::square),
        },
        Row { name: "abs", kernel: |x| ops::abs::abs(x).map(Rounded::from), second: Second::Exact(exact::abs) },
        Row { name: "neg", kernel: |x| ops::neg::neg(x).map(Rounded::from), second: Second::Exact(exact::neg) },
        Row { name: "relu", kernel: |x| ops::relu::relu(x).map(Rounded::from), second: Second::Exact(exact::relu) },
        Row {
            name: "relu_derivative",
            kernel: |x| ops::relu_derivative::relu_derivative(x).map(Rounded::from),
            second: Second::Exact(exact::relu_derivative),
        },
        Row { name: "sign", kernel: |x| ops::sign::sign(x).map(Rounded::from), second: Second::Exact(exact::sign) },
        Row {
            name: "leaky_relu",
            kernel: |x| ops::leaky_relu::leaky_relu(x, SLOPE).map(Rounded::from),
            second: Second::Exact(exact::leaky_relu),
        },
        Row {
            name: "leaky_relu_derivative",
            kernel: |x| ops::leaky_relu_derivative::leaky_relu_derivative(x, SLOPE).map(Rounded::from),
            second: Second::Exact(exact::leaky_relu_derivative),
        },
    ]
}
