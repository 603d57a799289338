"""Layers and models, as compositions of operations."""

from rcmlrs_core.nn import init
from rcmlrs_core.nn.activations import GELU, LeakyReLU, ReLU, Sigmoid, Softmax, Swish, Tanh
from rcmlrs_core.nn.cells import GRUCell, LSTMCell, RNNCell
from rcmlrs_core.nn.linear import Linear
from rcmlrs_core.nn.module import Layer, Module, Parameter, Sequential
from rcmlrs_core.nn.recurrent import GRU, LSTM, RNN
from rcmlrs_core.nn.shape import Flatten, LastStep

__all__ = [
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "Flatten",
    "GRUCell",
    "LSTMCell",
    "LastStep",
    "Layer",
    "LeakyReLU",
    "Linear",
    "Module",
    "Parameter",
    "RNNCell",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Swish",
    "Tanh",
    "init",
]
