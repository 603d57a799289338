"""Layers of ``rcmlrs_core.keras``, each with arguments that try something, and the shapes that it is fed with.

Plain data, so that whoever has real Keras at hand can make the same layers of that. A list of shapes is several
arguments, and a list in it one argument of several tensors.
"""

from typing import Any

Shape = tuple[int, ...]
Shapes = Shape | list[Any]

IMAGE = (2, 6, 5, 4)
STEPS = (2, 5, 4)
CASES: list[tuple[str, dict[str, Any], Shapes]] = [
    ("Dense", {"units": 3}, (2, 4)),
    ("Dense", {"units": 3, "activation": "relu", "use_bias": False}, STEPS),
    ("EinsumDense", {"equation": "abc,cde->abde", "output_shape": (None, 2, 3), "bias_axes": "de"}, STEPS),
    ("EinsumDense", {"equation": "...b,bc->...c", "output_shape": 3, "bias_axes": "c", "activation": "tanh"}, STEPS),
    ("EinsumDense", {"equation": "abc,bd->adc", "output_shape": (3, 4), "bias_axes": "d"}, STEPS),
    ("Activation", {"activation": "softmax"}, (2, 4)),
    ("Activation", {"activation": "gelu"}, (2, 4)),
    ("ReLU", {}, (2, 4)),
    ("ReLU", {"max_value": 1.0, "negative_slope": 0.25, "threshold": 0.5}, (2, 4)),
    ("ReLU", {"negative_slope": 0.5}, (2, 4)),
    ("LeakyReLU", {}, (2, 4)),
    ("PReLU", {"alpha_initializer": "ones", "shared_axes": [1]}, STEPS),
    ("ELU", {"alpha": 0.5}, (2, 4)),
    ("Softmax", {"axis": [1, 2]}, STEPS),
    ("Flatten", {}, STEPS),
    ("Flatten", {"data_format": "channels_first"}, IMAGE),
    ("Reshape", {"target_shape": (2, -1)}, STEPS),
    ("Permute", {"dims": (2, 1)}, STEPS),
    ("RepeatVector", {"n": 3}, (2, 4)),
    ("Identity", {}, (2, 4)),
    ("ActivityRegularization", {"l2": 0.1}, (2, 4)),
    ("GaussianDropout", {"rate": 0.25}, (2, 4)),
    ("Dropout", {"rate": 0.5}, (2, 4)),
    ("SpatialDropout1D", {"rate": 0.5}, STEPS),
    ("GaussianNoise", {"stddev": 0.5}, (2, 4)),
    ("Masking", {"mask_value": 0.0}, STEPS),
    ("Rescaling", {"scale": 0.5, "offset": 2.0}, (2, 4)),
    ("Normalization", {"mean": [1.0, 2.0, 3.0, 4.0], "variance": [1.0, 4.0, 0.0, 0.25]}, (2, 4)),
    ("Normalization", {"axis": None, "mean": 1.0, "variance": 4.0, "invert": True}, (2, 4)),
    ("Conv1D", {"filters": 3, "kernel_size": 2, "padding": "causal", "dilation_rate": 2}, STEPS),
    ("Conv1D", {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu"}, STEPS),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "groups": 2, "use_bias": False}, IMAGE),
    ("Conv2D", {"filters": 3, "kernel_size": (2, 3), "strides": 2, "padding": "same"}, IMAGE),
    ("Conv3D", {"filters": 2, "kernel_size": 2}, (1, 3, 3, 2, 2)),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"}, STEPS),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": (2, 3), "strides": (3, 2)}, IMAGE),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1}, IMAGE),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "dilation_rate": 2, "padding": "same"}, IMAGE),
    ("Conv3DTranspose", {"filters": 2, "kernel_size": 2, "strides": 2}, (1, 2, 2, 1, 2)),
    ("DepthwiseConv1D", {"kernel_size": 2, "depth_multiplier": 2}, STEPS),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2, "padding": "same", "strides": 2}, IMAGE),
    ("SeparableConv1D", {"filters": 3, "kernel_size": 2}, STEPS),
    ("SeparableConv2D", {"filters": 3, "kernel_size": 3, "padding": "same", "depth_multiplier": 2}, IMAGE),
    ("MaxPooling1D", {"pool_size": 2}, STEPS),
    ("MaxPooling2D", {"pool_size": (3, 2), "strides": 2, "padding": "same"}, IMAGE),
    ("MaxPooling3D", {}, (1, 3, 3, 2, 2)),
    ("AveragePooling1D", {"pool_size": 3, "strides": 2, "padding": "same"}, STEPS),
    ("AveragePooling2D", {"pool_size": 2, "padding": "same"}, IMAGE),
    ("AveragePooling3D", {"pool_size": 2}, (1, 3, 3, 2, 2)),
    ("GlobalMaxPooling1D", {}, STEPS),
    ("GlobalMaxPooling2D", {"keepdims": True}, IMAGE),
    ("GlobalMaxPooling3D", {}, (1, 3, 3, 2, 2)),
    ("GlobalAveragePooling1D", {"data_format": "channels_first"}, STEPS),
    ("GlobalAveragePooling2D", {}, IMAGE),
    ("GlobalAveragePooling3D", {"keepdims": True}, (1, 3, 3, 2, 2)),
    ("AdaptiveAveragePooling1D", {"output_size": 3}, STEPS),
    ("AdaptiveAveragePooling2D", {"output_size": (4, 2)}, IMAGE),
    ("AdaptiveMaxPooling2D", {"output_size": (4, 2)}, IMAGE),
    ("UpSampling1D", {"size": 2}, STEPS),
    ("UpSampling2D", {"size": (2, 3)}, IMAGE),
    ("UpSampling2D", {"size": (2, 3), "interpolation": "bilinear"}, IMAGE),
    ("UpSampling3D", {}, (1, 3, 3, 2, 2)),
    ("ZeroPadding1D", {"padding": (1, 2)}, STEPS),
    ("ZeroPadding2D", {"padding": ((1, 0), (2, 3))}, IMAGE),
    ("ZeroPadding3D", {"padding": 1}, (1, 3, 3, 2, 2)),
    ("Cropping1D", {"cropping": (1, 2)}, STEPS),
    ("Cropping2D", {"cropping": ((1, 0), (2, 1))}, IMAGE),
    ("Cropping3D", {"cropping": ((1, 0), (0, 1), (0, 0))}, (1, 3, 3, 2, 2)),
    ("BatchNormalization", {}, IMAGE),
    ("BatchNormalization", {"axis": 1, "center": False, "epsilon": 0.01}, STEPS),
    ("LayerNormalization", {}, STEPS),
    ("LayerNormalization", {"axis": [1, 2], "scale": False}, STEPS),
    ("GroupNormalization", {"groups": 2}, IMAGE),
    ("GroupNormalization", {"groups": -1, "axis": 1}, IMAGE),
    ("RMSNormalization", {}, STEPS),
    ("UnitNormalization", {}, STEPS),
    ("SimpleRNN", {"units": 3, "return_sequences": True}, STEPS),
    ("SimpleRNN", {"units": 3, "activation": "relu", "use_bias": False, "go_backwards": True}, STEPS),
    ("LSTM", {"units": 3, "return_sequences": True, "return_state": True}, STEPS),
    ("LSTM", {"units": 3, "recurrent_activation": "hard_sigmoid", "unroll": True}, STEPS),
    ("GRU", {"units": 3}, STEPS),
    ("GRU", {"units": 3, "reset_after": False, "return_sequences": True, "go_backwards": True}, STEPS),
    ("GRU", {"units": 3, "use_bias": False, "return_state": True}, STEPS),
    ("RNN", {"cell": [("LSTMCell", {"units": 3}), ("GRUCell", {"units": 2})], "return_state": True}, STEPS),
    ("Bidirectional", {"layer": ("LSTM", {"units": 2, "return_sequences": True})}, STEPS),
    ("Bidirectional", {"layer": ("GRU", {"units": 2, "return_state": True}), "merge_mode": "sum"}, STEPS),
    ("Bidirectional", {"layer": ("SimpleRNN", {"units": 2}), "merge_mode": None}, STEPS),
    ("TimeDistributed", {"layer": ("Dense", {"units": 3})}, STEPS),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}, [STEPS, (2, 3, 4)]),
    (
        "MultiHeadAttention",  # with dropout Keras goes the way on which it allows another value_dim
        {"num_heads": 2, "key_dim": 3, "value_dim": 2, "output_shape": 5, "use_bias": False, "dropout": 0.1},
        [STEPS] * 3,
    ),
    ("Attention", {"use_scale": True}, [[STEPS, (2, 3, 4)]]),
    ("Attention", {"score_mode": "concat"}, [[STEPS, (2, 3, 4)]]),
    ("AdditiveAttention", {}, [[STEPS, (2, 3, 4)]]),
    ("Add", {}, [[STEPS, (2, 1, 4), (2, 4)]]),
    ("Subtract", {}, [[STEPS, STEPS]]),
    ("Multiply", {}, [[STEPS, STEPS]]),
    ("Average", {}, [[STEPS, STEPS, STEPS]]),
    ("Maximum", {}, [[STEPS, STEPS]]),
    ("Minimum", {}, [[STEPS, STEPS]]),
    ("Concatenate", {"axis": 1}, [[STEPS, (2, 2, 4)]]),
    ("Dot", {"axes": (2, 1)}, [[STEPS, (2, 4, 3)]]),
    ("Dot", {"axes": 1, "normalize": True}, [[(2, 4), (2, 4)]]),
]


def layer_of(library: Any, name: str, options: dict[str, Any]) -> Any:
    """The layer of that name in a ``library`` such as ``rcmlrs_core.keras``; a pair (name, options) is a layer too."""

    def value(given: Any) -> Any:
        if isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], dict):
            return layer_of(library, *given)
        if isinstance(given, list) and given and isinstance(given[0], tuple) and isinstance(given[0][1], dict):
            return [layer_of(library, *one) for one in given]
        return given

    return getattr(library.layers, name)(**{key: value(option) for key, option in options.items()})
