"""Files, both ways with real Keras: weights and models of every kind of model; and files that must be refused."""

import io
import json
import os
import zipfile

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")  # most of the time here goes into compiling

import h5py
import keras
import numpy as np
import pytest

import rcmlrs_core as rc
from rcmlrs_core import keras as ours
from rcmlrs_core.keras.saving.weights import layout_of

TOLERANCE = 1e-5
"""Both compute in binary32; sums of tens of terms in another order differ by some units in the last place."""


@pytest.fixture(autouse=True)
def no_draws(monkeypatch):
    """Keras' first weights are zeros: they are given others anyway, and to compile a generator takes long."""
    for name in ("GlorotUniform", "Orthogonal", "RandomUniform"):
        monkeypatch.setattr(
            getattr(keras.initializers, name), "__call__", lambda self, shape, dtype=None: np.zeros(shape)
        )


def sequential(k):
    layers = k.layers
    return k.Sequential(
        [k.Input((4,)), layers.Dense(3, activation="relu", name="mine"), layers.Dropout(0.5), layers.Dense(2)]
    )


def convolutional(k):
    layers = k.layers
    return k.Sequential(
        [
            k.Input((6, 6, 1)),
            layers.Conv2D(2, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(2, activation="softmax"),
        ]
    )


def recurrent(k):
    layers = k.layers
    return k.Sequential(
        [
            k.Input((4,), dtype="int32"),
            layers.Embedding(6, 3, mask_zero=True),
            layers.LSTM(4, return_sequences=True),
            layers.Bidirectional(layers.GRU(2)),
            layers.Dense(2),
        ]
    )


def functional(k):
    """Two inputs, two outputs, a layer that is shared, models in the model, attention."""
    layers = k.layers
    a, b = k.Input((3, 4), name="a"), k.Input((4,), name="b")
    shared = layers.Dense(4, name="shared")
    both = layers.Add()([shared(a), layers.RepeatVector(3)(shared(b))])
    inner = k.Sequential([layers.Dense(4), layers.LayerNormalization()])(both)
    i = k.Input((3, 4))
    nested = k.Model(i, layers.Dense(4)(i))(inner)
    attended = layers.MultiHeadAttention(2, 3)(nested, both)
    return k.Model([a, b], [layers.TimeDistributed(layers.Dense(2))(attended), layers.GlobalAveragePooling1D()(inner)])


MODELS = [sequential, convolutional, recurrent, functional]


def data_for(model, seed=0):
    generator = np.random.default_rng(seed)
    found = []
    for x in model.inputs:
        shape = (3, *x.shape[1:])
        integers = "int" in str(x.dtype)
        found.append(
            generator.integers(0, 6, shape).astype("i4") if integers else generator.normal(size=shape).astype("f4")
        )
    return found if len(found) > 1 else found[0]


def outputs(model, x):
    found = model(x)
    return [np.asarray(y) for y in (found if isinstance(found, list | tuple) else [found])]


def assert_same(model, other, x):
    for y, z in zip(outputs(model, x), outputs(other, x), strict=True):
        np.testing.assert_allclose(y, z, rtol=TOLERANCE, atol=TOLERANCE)


def scramble(model, seed=1):
    generator = np.random.default_rng(seed)
    model.set_weights([generator.uniform(0.1, 0.6, w.shape).astype("f4") for w in model.weights])


@pytest.mark.parametrize("make", MODELS)
def test_both_ways_with_keras(make, tmp_path):
    """Weights and models of real Keras are read here, and those that are written here are read by real Keras."""
    theirs, mine = make(keras), make(ours)
    x = data_for(theirs)
    scramble(theirs)
    theirs.save_weights(tmp_path / "a.weights.h5")
    mine.load_weights(tmp_path / "a.weights.h5")
    assert_same(theirs, mine, x)
    theirs.save(tmp_path / "a.keras")
    assert_same(theirs, ours.saving.load_model(tmp_path / "a.keras"), x)
    scramble(mine, seed=2)
    mine.save(tmp_path / "b.keras")
    back = keras.saving.load_model(tmp_path / "b.keras")
    assert_same(mine, back, x)
    assert back.count_params() == mine.count_params()
    mine.save_weights(tmp_path / "b.weights.h5")
    theirs.load_weights(tmp_path / "b.weights.h5")
    assert_same(mine, theirs, x)


@pytest.mark.parametrize("make", MODELS)
def test_layout_is_that_of_keras(make, tmp_path):
    """Groups, arrays and the names on them are those that Keras writes."""
    theirs, mine = make(keras), make(ours)
    theirs.save_weights(tmp_path / "a.weights.h5")
    mine.save_weights(tmp_path / "b.weights.h5")
    assert contents(tmp_path / "b.weights.h5") == contents(tmp_path / "a.weights.h5")


def subclassed(k):
    """A model with a call of its own, layers in attributes, lists and dicts, a weight of its own, and stacked cells."""

    class Block(k.layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.inner = k.layers.Dense(2)
            self.many = [k.layers.Dense(3), k.layers.Dense(2)]
            self.table = {"x": [k.layers.Dense(2)]}

        def build(self, input_shape):
            self.w = self.add_weight(shape=(2,), name="w", initializer="ones")
            self.inner.build(input_shape)
            self.many[0].build((None, 2))
            self.many[1].build((None, 3))
            self.table["x"][0].build((None, 2))
            self.built = True

        def call(self, x):
            return self.table["x"][0](self.many[1](self.many[0](self.inner(x)))) + self.w

    class Net(k.Model):
        def __init__(self):
            super().__init__()
            self.zeta = k.layers.Dense(4)
            self.block = Block()
            self.rnn = k.layers.RNN([k.layers.LSTMCell(2), k.layers.GRUCell(3)])

        def call(self, x):
            return self.block(self.rnn(self.zeta(x)))

    return Net()


def test_models_of_the_user(tmp_path):
    """Their weights are found by the attributes, as Keras finds them."""
    x = np.ones((2, 3, 4), "f4")
    theirs, mine = subclassed(keras), subclassed(ours)
    theirs(x)
    mine(x)
    scramble(mine)
    theirs.save_weights(tmp_path / "a.weights.h5")
    mine.save_weights(tmp_path / "b.weights.h5")
    assert contents(tmp_path / "b.weights.h5") == contents(tmp_path / "a.weights.h5")
    theirs.load_weights(tmp_path / "b.weights.h5")
    assert_same(mine, theirs, x)
    mine.load_weights(tmp_path / "a.weights.h5")
    assert mine.rnn.cell.cells[0].kernel.tolist() == np.zeros((4, 8)).tolist()


def contents(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: getattr(item, "shape", None)}))
    return found


@pytest.mark.parametrize("make", [functional, recurrent])
@pytest.mark.parametrize("ending", [".weights.h5", ".safetensors", ".keras"])
def test_bits_survive(make, ending, tmp_path):
    """What is saved and loaded here is the same model, to the bit; and equal models make equal files."""
    model = make(ours)
    scramble(model)
    path, again = tmp_path / f"m{ending}", tmp_path / f"n{ending}"
    for file in (path, again):
        model.save(file) if ending == ".keras" else model.save_weights(file)
    assert path.read_bytes() == again.read_bytes()
    if ending == ".keras":
        other = ours.saving.load_model(path)
    else:
        other = make(ours)
        other.load_weights(path)
    assert [w.value.digest() for w in other.weights] == [w.value.digest() for w in model.weights]


def test_training_goes_on_after_loading(tmp_path):
    """A model trained in Keras predicts the same here, and goes on training as it would there; and back."""
    x = np.random.default_rng(0).normal(size=(8, 4)).astype("f4")
    y = x[:, :2] * 2
    layers = keras.layers
    theirs = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="tanh"), layers.Dense(2)])
    scramble(theirs)
    theirs.compile("adam", "mse", metrics=["mae"])
    theirs.fit(x, y, epochs=2, verbose=0)
    theirs.save(tmp_path / "a.keras")
    mine = ours.saving.load_model(tmp_path / "a.keras")
    np.testing.assert_allclose(mine.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-5, atol=1e-6)
    assert mine.optimizer.iterations == 2
    for remembered, wanted in zip(mine.optimizer.variables, theirs.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(remembered), np.asarray(wanted))  # to the bit: it was only read
    mine.fit(x, y, epochs=2, verbose=0)
    theirs.fit(x, y, epochs=2, verbose=0, shuffle=False)
    np.testing.assert_allclose(mine.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-4, atol=1e-5)
    mine.save(tmp_path / "b.keras")
    back = keras.saving.load_model(tmp_path / "b.keras")
    for remembered, wanted in zip(back.optimizer.variables, mine.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(remembered), np.asarray(wanted))
    assert ours.saving.load_model(tmp_path / "b.keras").optimizer.iterations == 4
    np.testing.assert_allclose(back.predict(x, verbose=0), mine.predict(x, verbose=0), rtol=1e-5, atol=1e-6)
    assert type(back.optimizer).__name__ == "Adam"


def test_loading_draws_nothing():
    """The weights come from the file: the generator of random numbers is where it was."""
    generator = rc.random.default_generator()
    before = generator.stream
    config = ours.saving.serialize_keras_object(sequential(ours))
    stream = generator.stream
    assert stream != before
    from rcmlrs_core.keras.layer import weights_to_come

    with weights_to_come(1000):
        model = ours.saving.deserialize_keras_object(config)
    assert generator.stream == stream
    assert model.count_params() == 23


def test_same_bits_on_every_backend():
    """A tiny model of every kind of layer: the digest of its outputs does not depend on the backend."""
    digests = set()
    for backend in ("python", "numpy", "native"):
        with rc.use_backend(backend):
            rc.manual_seed(3)
            model = convolutional(ours)
            scramble(model)
            y = model(rc.random.normal((2, 6, 6, 1), seed=1))
            z = recurrent(ours)
            scramble(z)
            w = z(rc.tensor([[1, 2, 0, 3], [4, 5, 0, 0]], dtype="int32"))
            digests.add((y.digest(), w.digest()))
    assert len(digests) == 1


# --------------------------------------------------------------------------------------------- other models


def test_another_architecture_is_listed_and_nothing_changes(tmp_path):
    """All differences are in the error, and no weight is another."""
    sequential(ours).save_weights(tmp_path / "a.weights.h5")
    layers = ours.layers
    other = ours.Sequential([ours.Input((4,)), layers.Dense(3), layers.Dense(5), layers.Dense(1)])
    before = other.digest()
    with pytest.raises(rc.DataError) as caught:
        other.load_weights(tmp_path / "a.weights.h5")
    text = str(caught.value)
    assert "(3, 2) in the file and (3, 5) in the model" in text
    assert "layers/dense_2/vars/0) is not in the file" in text
    assert other.digest() == before
    with pytest.warns(UserWarning, match="left as they are"):
        other.load_weights(tmp_path / "a.weights.h5", skip_mismatch=True)
    assert other.digest() != before


def test_what_cannot_be_saved(tmp_path):
    model = sequential(ours)
    with pytest.raises(rc.DataError, match=r"ends in \.keras"):
        model.save(tmp_path / "a.h5")
    with pytest.raises(rc.DataError, match=r"\.weights\.h5, \.safetensors"):
        model.save_weights(tmp_path / "a.bin")
    with pytest.raises(rc.DataError, match="is not built yet"):
        ours.Sequential([ours.layers.Dense(3)]).save_weights(tmp_path / "a.weights.h5")
    model.save(tmp_path / "a.keras")
    with pytest.raises(rc.DataError, match="exists already"):
        model.save(tmp_path / "a.keras", overwrite=False)
    with pytest.raises(OSError, match="no-such"):
        model.save_weights(tmp_path / "no-such" / "a.weights.h5")
    bad = ours.Sequential([ours.Input((4,)), ours.layers.Lambda(lambda x: x * 2)])
    with pytest.raises((rc.DataError, NotImplementedError), match="lambda"):
        bad.save(tmp_path / "a.keras")
    assert ours.saving.load_model(tmp_path / "a.keras").count_params() == 23  # what was there is unchanged


def double(x):
    return x * 2


def test_functions_and_classes_of_the_user(tmp_path):
    """They are saved by name, and found again in custom_objects or where they are registered."""

    class Scale(ours.layers.Layer):
        def __init__(self, factor, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor
            self.inner = ours.layers.Dense(2)

        def call(self, inputs):
            return self.inner(inputs) * self.factor

        def get_config(self):
            return {**super().get_config(), "factor": self.factor}

    model = ours.Sequential([ours.Input((2,)), ours.layers.Lambda(double), Scale(3.0)])
    model.save(tmp_path / "a.keras")
    with pytest.raises(rc.DataError, match="custom_objects"):
        ours.saving.load_model(tmp_path / "a.keras")
    again = ours.saving.load_model(tmp_path / "a.keras", custom_objects={"double": double, "Scale": Scale})
    x = rc.tensor([[1.0, 2.0]])
    assert again(x).tolist() == model(x).tolist()
    assert "layers/scale/inner/vars/0" in layout_of(model).variables


# ------------------------------------------------------------------------------------------- hostile files


def archive_of(path, **changes):
    """A ``.keras`` file with members exchanged: bytes, or None to leave one out."""
    sequential(ours).save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members |= {name.replace("_", "."): content for name, content in changes.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            if content is not None:
                archive.writestr(name, content)
    return path


def config_of(path, change):
    sequential(ours).save(path)
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
    change(config)
    return archive_of(path, config_json=json.dumps(config).encode())


def first_dense(config):
    return config["config"]["layers"][1]


HOSTILE_CONFIGS = {
    "a class of another library": (lambda c: first_dense(c).update(module="os", class_name="system"), "os.system"),
    "an unknown layer": (lambda c: first_dense(c).update(class_name="Densee"), "did you mean Dense"),
    "an operation": (lambda c: first_dense(c).update(module="keras.src.ops.numpy", class_name="Add"), "is not known"),
    "code": (
        lambda c: first_dense(c).update(
            class_name="Lambda", config={"function": {"class_name": "__lambda__", "config": {"value": "4wE="}}}
        ),
        "never executed",
    ),
    "a huge layer": (lambda c: first_dense(c)["config"].update(units=10**9), "larger than its file"),
    "a wrong type": (lambda c: first_dense(c)["config"].update(units="many"), "positive int"),
    "an unknown argument": (lambda c: first_dense(c)["config"].update(colour="red"), "colour"),
    "no layers": (lambda c: c["config"].update(layers=7), "int"),
    "a missing key": (lambda c: c.pop("config"), "expected a model"),
    "other weights": (lambda c: c["config"]["layers"][-1]["config"].update(units=4), "another architecture"),
}


@pytest.mark.parametrize("what", HOSTILE_CONFIGS)
def test_configurations_are_looked_up_and_never_run(what, tmp_path):
    change, text = HOSTILE_CONFIGS[what]
    with pytest.raises((rc.FileFormatError, rc.DataError, rc.AttributeValueError), match=text):
        ours.saving.load_model(config_of(tmp_path / "a.keras", change))


def test_broken_archives_are_refused(tmp_path):
    path = tmp_path / "a.keras"
    sequential(ours).save(path)
    whole = path.read_bytes()
    for cut in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(rc.FileFormatError):
            ours.saving.load_model(path)
    for i in range(0, len(whole), 997):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 0xFF]) + whole[i + 1 :])
        try:
            ours.saving.load_model(path)
        except (rc.RcmlrsError, OSError):
            continue  # refused; a byte that means nothing may also be passed over
    with pytest.raises(rc.FileFormatError, match=r"model\.weights\.h5 once"):
        ours.saving.load_model(zip_of(path, {"config.json": b'{"class_name": ""}', "../model.weights.h5": b""}))
    with pytest.raises(rc.FileFormatError, match="expected JSON"):
        ours.saving.load_model(zip_of(path, {"config.json": b"[" * 100_000, "model.weights.h5": b""}))
    with pytest.raises(rc.FileFormatError, match="HDF5"):
        ours.saving.load_model(archive_of(path, **{"model_weights_h5": b"nothing", "model.weights.h5": b"nothing"}))


def zip_of(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_zip_bombs_are_refused(tmp_path):
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * (1 << 24))
        archive.writestr("model.weights.h5", b"\0" * (1 << 24))
    with pytest.raises(rc.FileFormatError, match="at most 100 times"):
        ours.saving.load_model(path)


def hdf5(path, fill):
    with h5py.File(path, "w") as file:
        fill(file)
    return path


def soft_link(file):
    file["elsewhere"] = np.zeros((4, 3), "f4")
    file["layers/dense/vars/0"] = h5py.SoftLink("/elsewhere")


def external_link(file):
    with h5py.File(f"{file.filename}.other", "w") as other:
        other["layers/dense/vars/0"] = np.zeros((4, 3), "f4")
    file["layers"] = h5py.ExternalLink(f"{file.filename}.other", "/layers")


def huge(file):
    file.create_dataset("layers/dense/vars/0", (1 << 20, 1 << 12), "f4", chunks=(1 << 10, 1 << 6), compression="gzip")


def huge_chunk(file):
    file.create_dataset("layers/dense/vars/0", (4, 3), "f4", chunks=(1 << 14, 1 << 14), maxshape=(None, None))


def text(file):
    file["layers/dense/vars/0"] = "words"


def outside(file):
    file.create_dataset("layers/dense/vars/0", (4, 3), "f4", external=[("/etc/passwd", 0, 48)])


def virtual(file):
    layout = h5py.VirtualLayout((4, 3), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (4, 3))
    file.create_virtual_dataset("layers/dense/vars/0", layout)


def deep(file):
    group = file
    for _ in range(80):
        group = group.create_group("g")


REFUSED = {
    soft_link: "SoftLink",
    external_link: "ExternalLink",
    huge: "at most 100 times",
    huge_chunk: "at most 100 times",
    text: "expected numbers",
    outside: "in another file",
    virtual: "in another file",
    deep: "64 deep",
}


@pytest.mark.parametrize("fill", REFUSED)
def test_hdf5_tricks_are_refused(fill, tmp_path):
    path = hdf5(tmp_path / "a.weights.h5", fill)
    with pytest.raises(rc.FileFormatError, match=REFUSED[fill]):
        sequential(ours).load_weights(path)


def test_groups_in_a_circle_end(tmp_path):
    def fill(file):
        file.create_group("layers")["again"] = file["/"]

    with pytest.raises(rc.DataError, match="another architecture"):
        sequential(ours).load_weights(hdf5(tmp_path / "a.weights.h5", fill))


def test_other_element_types_are_rounded_once(tmp_path):
    """Halves are exact, binary64 is rounded once to binary32 (N6), and text that claims bfloat16 is refused."""
    model = ours.Sequential([ours.Input((1,)), ours.layers.Dense(1)])
    value = 1 + 2.0**-24 + 2.0**-50  # a hair above the midpoint of two binary32 numbers

    def fill(file):
        file["layers/dense/vars/0"] = np.array([[value]], "f8")
        file["layers/dense/vars/1"] = np.array([0.5], "f2")

    model.load_weights(hdf5(tmp_path / "a.weights.h5", fill))
    assert [w.value.tolist() for w in model.weights] == [[[1 + 2.0**-23]], [0.5]]


def test_optimizer_variables_are_passed_over(tmp_path):
    x = np.ones((2, 4), "f4")
    theirs = sequential(keras)
    theirs.compile("adam", "mse")
    theirs.fit(x, x[:, :2], verbose=0)
    theirs.save_weights(tmp_path / "a.weights.h5")
    mine = sequential(ours)
    mine.load_weights(tmp_path / "a.weights.h5")
    assert_same(theirs, mine, x)


def test_h5py_is_asked_for(monkeypatch, tmp_path):
    """Without h5py there is a hint, and safetensors work."""
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    model = sequential(ours)
    with monkeypatch.context() as bare:
        bare.setitem(__import__("sys").modules, "numpy", None)  # which h5py needs, so that neither may be there
        with pytest.raises(ImportError, match=r"rcmlrs\[keras\]"):
            model.save_weights(tmp_path / "a.weights.h5")
    model.save_weights(tmp_path / "a.safetensors")
    model.load_weights(tmp_path / "a.safetensors")
    assert io.BytesIO(tmp_path.joinpath("a.safetensors").read_bytes()).read(8)
