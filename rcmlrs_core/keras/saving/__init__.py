"""Files: weights (``.weights.h5``, ``.safetensors``) and whole models (``.keras``), as Keras 3 writes and reads."""

from rcmlrs_core.keras.lookup import register_keras_serializable
from rcmlrs_core.keras.saving.models import load_model, save_model
from rcmlrs_core.keras.saving.objects import (
    custom_object_scope,
    deserialize_keras_object,
    serialize_keras_object,
)
from rcmlrs_core.keras.saving.weights import load_weights, save_weights

CustomObjectScope = custom_object_scope

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]
