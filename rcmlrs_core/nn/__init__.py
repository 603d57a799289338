"""Layers and models, as compositions of operations."""

from rcmlrs_core.nn import init
from rcmlrs_core.nn.activations import GELU, LeakyReLU, ReLU, Sigmoid, Softmax, Swish, Tanh
from rcmlrs_core.nn.linear import Linear
from rcmlrs_core.nn.module import Layer, Module, Parameter, Sequential
from rcmlrs_core.nn.recurrent import RNN, RNNCell
from rcmlrs_core.nn.scaling import MinMaxScaler, StandardScaler
from rcmlrs_core.nn.shape import Flatten, LastStep

__all__ = [
    "GELU",
    "RNN",
    "Flatten",
    "LastStep",
    "Layer",
    "LeakyReLU",
    "Linear",
    "MinMaxScaler",
    "Module",
    "Parameter",
    "RNNCell",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "StandardScaler",
    "Swish",
    "Tanh",
    "init",
]
