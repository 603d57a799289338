"""Every layer against real Keras: the same arguments and weights give the same shapes, names and (to rounding) numbers.

Keras computes in binary32 with sums in an order of its own, so an output may differ from the correctly rounded one by
some units in the last place of the largest term: 2e-5, relative to the largest output, holds for the small sums here.
"""

import inspect
import json
import os

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")  # most of the time here goes into compiling

import keras
import numpy as np
import pytest

import rcmlrs_core as rc
from rcmlrs_conformance.trainings.keras_layers import CASES, IMAGE, STEPS, layer_of
from rcmlrs_core import keras as ours

TOLERANCE = 2e-5
NOT_COMPARED = ("Input", "InputSpec", "InputLayer", "Layer")
"""These are not of this package."""


@pytest.fixture(autouse=True)
def no_draws(monkeypatch):
    """Keras' first weights are zeros: they are given others anyway, and to compile a generator takes long."""
    for name in ("GlorotUniform", "Orthogonal", "RandomUniform"):
        monkeypatch.setattr(
            getattr(keras.initializers, name), "__call__", lambda self, shape, dtype=None: np.zeros(shape)
        )


def data(shape, seed=0, kind="float"):
    generator = np.random.default_rng(seed)
    if kind == "int":
        return generator.integers(0, 5, shape).astype("int32")
    return generator.standard_normal(shape).astype("float32")


def arrays(x):
    return [a for part in x for a in arrays(part)] if isinstance(x, list | tuple) else [np.asarray(x)]


def inputs_of(shapes):
    """The positional arguments for a shape, or for several, in which a list is one argument of several tensors."""

    def made(shape, seed):
        if isinstance(shape, list):
            return [made(one, seed + i) for i, one in enumerate(shape)]
        return data(shape, seed)

    return [made(shape, i) for i, shape in enumerate(shapes)] if isinstance(shapes, list) else [data(shapes)]


def shape_of(x):
    return [shape_of(part) for part in x] if isinstance(x, list) else x.shape


@pytest.mark.parametrize(("name", "options", "shapes"), CASES, ids=[case[0] for case in CASES])
def test_same_as_keras(name, options, shapes):
    given = inputs_of(shapes)
    theirs, mine = layer_of(keras, name, options), layer_of(ours, name, options)
    theirs(*given)
    mine(*[shaped(x) for x in given])
    generator = np.random.default_rng(7)
    weights = [generator.uniform(0.2, 1.0, w.shape).astype(w.dtype) for w in theirs.weights]
    theirs.set_weights(weights)
    mine.set_weights(weights)
    assert [w.name for w in mine.weights] == [w.name for w in theirs.weights]
    assert [w.shape for w in mine.weights] == [tuple(w.shape) for w in theirs.weights]
    assert [w.trainable for w in mine.weights] == [w.trainable for w in theirs.weights]
    wanted, got = arrays(theirs(*given)), arrays(mine(*[shaped(x) for x in given]))
    assert [x.shape for x in got] == [x.shape for x in wanted]
    for x, y in zip(got, wanted, strict=True):
        np.testing.assert_allclose(x, y, rtol=TOLERANCE, atol=TOLERANCE * max(1.0, np.abs(y).max()))
    found = mine.compute_output_shape(*[shape_of(x) for x in given])
    shapes = found if isinstance(found[0], tuple | list) else [found]
    assert [tuple(shape) for shape in flat_shapes(shapes)] == [x.shape for x in got]


def flat_shapes(shapes):
    for shape in shapes:
        if isinstance(shape[0], tuple | list):
            yield from flat_shapes(shape)
        else:
            yield shape


def shaped(x):
    return [shaped(part) for part in x] if isinstance(x, list) else rc.tensor(x)


def arguments_of(cls):
    """Name and default of each argument, in order; a tuple of equal numbers is that number."""

    def standard(value):
        while isinstance(value, tuple) and value and all(part == value[0] for part in value):
            value = value[0]
        return value

    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return [(p.name, standard(p.default)) for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]


LAYERS = sorted(
    name for name in ours.layers.__all__ if inspect.isclass(getattr(ours.layers, name)) and name not in NOT_COMPARED
)


@pytest.mark.parametrize("name", LAYERS)
def test_arguments_are_those_of_keras(name):
    """Names, order and defaults, so that a script may give them by position or leave them out."""
    assert arguments_of(getattr(ours.layers, name)) == arguments_of(getattr(keras.layers, name))


@pytest.mark.parametrize(("name", "options", "shapes"), CASES, ids=[case[0] for case in CASES])
def test_configurations_go_both_ways(name, options, shapes):
    """A layer that real Keras described is made here, and describes itself as Keras would; and back."""
    theirs = keras.saving.serialize_keras_object(layer_of(keras, name, options))
    mine = ours.saving.deserialize_keras_object(json.loads(json.dumps(theirs)))
    described = json.loads(json.dumps(ours.saving.serialize_keras_object(mine)))
    again = keras.saving.deserialize_keras_object(described)
    assert plain(again.get_config()) == plain(keras.saving.deserialize_keras_object(theirs).get_config())


def plain(config):
    """A configuration with the names that layers inside gave themselves left out."""
    if isinstance(config, dict):
        left_out = ("shared_object_id", "build_config", "seed")
        return {k: plain(v) for k, v in config.items() if k not in left_out and not (k == "name" and "units" in config)}
    return [plain(part) for part in config] if isinstance(config, list | tuple) else config


@pytest.mark.parametrize(
    ("name", "options", "shape"),
    [
        ("Conv1D", {"filters": 2, "kernel_size": 2, "padding": "causal"}, STEPS),
        ("Conv2D", {"filters": 2, "kernel_size": 2, "padding": "same", "strides": 2}, IMAGE),
        ("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2}, IMAGE),
        ("DepthwiseConv2D", {"kernel_size": 2}, IMAGE),
        ("SeparableConv2D", {"filters": 2, "kernel_size": 2}, IMAGE),
        ("MaxPooling2D", {"padding": "same"}, IMAGE),
        ("AveragePooling1D", {"pool_size": 2, "padding": "same"}, STEPS),
        ("GlobalAveragePooling2D", {"keepdims": True}, IMAGE),
        ("AdaptiveMaxPooling1D", {"output_size": 2}, STEPS),
        ("UpSampling2D", {"interpolation": "bilinear"}, IMAGE),
        ("ZeroPadding2D", {"padding": ((1, 0), (2, 3))}, IMAGE),
        ("Cropping2D", {"cropping": ((1, 0), (2, 1))}, IMAGE),
        ("SpatialDropout2D", {"rate": 0.5}, IMAGE),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_data_formats_give_the_same_bits(name, options, shape):
    """With the channels first, the same numbers stand elsewhere."""
    x = rc.tensor(data(shape))
    last = layer_of(ours, name, {**options, "data_format": "channels_last"})
    first = layer_of(ours, name, {**options, "data_format": "channels_first"})
    axes = (0, x.ndim - 1, *range(1, x.ndim - 1))
    wanted = last(x)
    first(x.transpose(axes))
    first.set_weights(last.get_weights())
    got = first(x.transpose(axes))
    assert got.digest() == wanted.transpose(axes).digest()
    assert first.compute_output_shape(x.transpose(axes).shape) == got.shape


MASK = [[True, True, False, True, False], [False, True, True, True, True]]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("LSTM", {"units": 3, "return_sequences": True}),
        ("GRU", {"units": 3, "go_backwards": True}),
        ("Bidirectional", {"layer": ("SimpleRNN", {"units": 2, "return_sequences": True})}),
        ("Bidirectional", {"layer": ("LSTM", {"units": 2})}),
        ("GlobalAveragePooling1D", {}),
        ("TimeDistributed", {"layer": ("Dense", {"units": 2})}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_masks(name, options):
    x, mask = data(STEPS), np.array(MASK)
    theirs, mine = layer_of(keras, name, options), layer_of(ours, name, options)
    theirs(x)
    mine(rc.tensor(x))
    generator = np.random.default_rng(7)
    weights = [generator.uniform(0.2, 1.0, w.shape).astype(w.dtype) for w in theirs.weights]
    theirs.set_weights(weights)
    mine.set_weights(weights)
    got = mine(rc.tensor(x), mask=rc.tensor(MASK))
    np.testing.assert_allclose(np.asarray(got), np.asarray(theirs(x, mask=mask)), rtol=TOLERANCE, atol=TOLERANCE)


def test_masks_travel():
    """From an Embedding through a Dense to an LSTM; padding then changes no bit."""
    layers = ours.layers
    rc.manual_seed(1)
    model = ours.Sequential(
        [
            ours.Input((None,), dtype="int32"),
            layers.Embedding(9, 3, mask_zero=True),
            layers.Dense(4),
            layers.LSTM(2),
        ]
    )
    short = model(rc.tensor([[1, 2, 3]], dtype="int32"))
    padded = model(rc.tensor([[1, 2, 3, 0, 0]], dtype="int32"))
    assert padded.digest() == short.digest()
    assert model(rc.tensor([[1, 2, 3, 4, 0]], dtype="int32")).digest() != short.digest()


def test_attention_with_masks():
    """The order, a mask of the value and one of the caller hold together."""
    q, v = data((2, 3, 4)), data((2, 5, 4), 1)
    theirs, mine = keras.layers.MultiHeadAttention(2, 3), ours.layers.MultiHeadAttention(2, 3)
    theirs(q, v)
    mine(rc.tensor(q), rc.tensor(v))
    generator = np.random.default_rng(7)
    weights = [generator.uniform(-1.0, 1.0, w.shape).astype(w.dtype) for w in theirs.weights]
    theirs.set_weights(weights)
    mine.set_weights(weights)
    own = np.ones((2, 3, 5), bool)
    own[0, 1, 2] = own[1, 2, 0] = False
    options = {"use_causal_mask": True, "return_attention_scores": True}
    wanted = theirs(q, v, attention_mask=own, **options)
    got = mine(rc.tensor(q), rc.tensor(v), attention_mask=rc.tensor(own), **options)
    for x, y in zip(got, wanted, strict=True):
        np.testing.assert_allclose(np.asarray(x), np.asarray(y), rtol=TOLERANCE, atol=TOLERANCE)


def test_batch_normalization_in_training():
    """The batch's moments, and what is remembered of them, with and without a mask, as in Keras."""
    x = data((3, 5, 4))
    mask = np.array([*MASK, MASK[0]])
    theirs, mine = keras.layers.BatchNormalization(momentum=0.7), ours.layers.BatchNormalization(momentum=0.7)
    for options in ({}, {"mask": mask}):
        wanted = theirs(x, training=True, **options)
        got = mine(rc.tensor(x), training=True, **{key: rc.tensor(value) for key, value in options.items()})
        np.testing.assert_allclose(np.asarray(got), np.asarray(wanted), rtol=1e-4, atol=1e-5)
        for w, v in zip(mine.weights, theirs.weights, strict=True):
            np.testing.assert_allclose(np.asarray(w), np.asarray(v), rtol=1e-5, atol=1e-6)
    mine.trainable = False
    before = mine.digest()
    assert mine(rc.tensor(x), training=True).digest() == mine(rc.tensor(x)).digest()
    assert mine.digest() == before


def test_dropout_in_training():
    """Elements are zero or divided by 1 - rate; whole channels share a fate; a seed makes it repeatable."""
    x = rc.ones((4, 50, 3))
    y = ours.layers.Dropout(0.2, seed=3)(x, training=True)
    assert set(np.asarray(y).ravel().tolist()) == {0.0, 1.25}
    assert 0.1 < (np.asarray(y) == 0).mean() < 0.3
    assert y.digest() == ours.layers.Dropout(0.2, seed=3)(x, training=True).digest()
    z = np.asarray(ours.layers.SpatialDropout1D(0.5, seed=1)(x, training=True))
    assert (z == z[:, :1]).all()
    assert len(np.unique(z)) == 2
    noise = np.asarray(ours.layers.GaussianNoise(0.5, seed=1)(x, training=True)) - 1
    assert 0.4 < noise.std() < 0.6
    assert ours.layers.Dropout(0.2)(x).digest() == x.digest()


def test_stateful():
    """The second half of a sequence goes on where the first ended, until the state is reset."""
    x = rc.tensor(data((2, 6, 3)))
    rc.manual_seed(1)
    layer = ours.layers.LSTM(4, stateful=True)
    layer(x[:, :3])
    last = layer(x[:, 3:])
    whole = ours.layers.LSTM(4)
    whole(x)
    whole.set_weights(layer.get_weights())
    assert last.digest() == whole(x).digest()
    layer.reset_state()
    assert layer(x).digest() == whole(x).digest()
    with pytest.raises(rc.ShapeError, match="states of 2 sequences"):
        layer(x[:1])


def test_adapt():
    """The mean and variance of the data, exactly rounded, however it is cut into batches."""
    x = data((50, 3)) * 7 + 100
    theirs, mine, batches = keras.layers.Normalization(), ours.layers.Normalization(), ours.layers.Normalization()
    theirs.adapt(x)
    mine.adapt(x)
    batches.adapt([x[:20], x[20:]])
    assert mine.digest() == batches.digest()
    assert [w.name for w in mine.weights] == [w.name for w in theirs.weights]
    np.testing.assert_allclose(np.asarray(mine.mean), x.astype("f8").mean(0), rtol=1e-7)
    np.testing.assert_allclose(np.asarray(mine(rc.tensor(x))), np.asarray(theirs(x)), rtol=1e-4, atol=1e-4)


def test_gradients_reach_every_weight():
    """Each weight that may be trained gets a gradient, of its shape."""
    for name, options, shapes in CASES:
        layer, given = layer_of(ours, name, options), [shaped(x) for x in inputs_of(shapes)]
        parts = layer(*given)
        total = None
        for part in parts if isinstance(parts, list | tuple) else [parts]:
            for one in part if isinstance(part, list | tuple) else [part]:
                loss = one.square().sum()
                total = loss if total is None else total + loss
        if not layer.trainable_weights:
            continue
        total.backward()
        for weight in layer.trainable_weights:
            assert weight.value.grad is not None, (name, weight.name)
            assert weight.value.grad.shape == weight.shape


def test_each_sum_is_rounded_once():
    """Dense has its bias inside the sum: 2^24 + 1 - 2^24 is 1, which no sum in binary32 finds."""
    layer = ours.layers.Dense(1)
    layer.build((None, 2))
    layer.set_weights([np.array([[1.0], [1.0]], "f4"), np.array([-(2.0**24)], "f4")])
    assert layer(rc.tensor([[2.0**24, 1.0]])).tolist() == [[1.0]]


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda layers: layers.Dense(0), rc.AttributeValueError, "units must be a positive int"),
        (lambda layers: layers.Dense(2, lora_rank=2), rc.AttributeValueError, "lora_rank=2 is not implemented"),
        (lambda layers: layers.Conv2D(2, 3, padding="full"), rc.AttributeValueError, "'valid', 'same'"),
        (lambda layers: layers.Conv2D(2, (3, 3, 3)), rc.AttributeValueError, "or 2 of them"),
        (lambda layers: layers.Conv2D(3, 3, groups=2), rc.AttributeValueError, "3 filters cannot be cut"),
        (lambda layers: layers.Conv2D(2, 3)(rc.ones((1, 2, 2, 1))), rc.ShapeError, "does not fit"),
        (lambda layers: layers.Dropout(1.5), rc.AttributeValueError, "rate must be a number from 0 to 1"),
        (lambda layers: layers.Embedding(3, 2)(rc.tensor([[3]], dtype="int32")), rc.IndexRangeError, "3"),
        (lambda layers: layers.Reshape((2, 3))(rc.ones((1, 5))), rc.ShapeError, "5 elements"),
        (lambda layers: layers.Add()([rc.ones((1, 2)), rc.ones((1, 3))]), rc.ShapeError, "do not broadcast"),
        (lambda layers: layers.Concatenate()([rc.ones((1, 2))] + [rc.ones((2, 2))]), rc.ShapeError, "differ"),
        (lambda layers: layers.Bidirectional(layers.Dense(2)), rc.AttributeValueError, "recurrent layer"),
        (lambda layers: layers.LSTM(2)(rc.ones((1, 2))), rc.ShapeError, "3 axes"),
        (lambda layers: layers.Dense(2, colour="red"), TypeError, "colour"),
    ],
)
def test_refusals(make, error, text):
    with pytest.raises(error, match=text):
        make(ours.layers)
