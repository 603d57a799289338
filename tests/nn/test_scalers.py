"""Scalers: the bits of rc.z_score and rc.min_max, on data that were not fitted too, and saved with a model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

import rcmlrs_core as rc
from rcmlrs_core import nn
from rcmlrs_core.errors import AttributeValueError, DataError, RcmlrsError, ShapeError

BACKENDS = ("python", "numpy", "native")
NAN = float("nan")


def table(backend: str | None = None, rows: int = 40, features: int = 3) -> rc.RamTensor:
    return rc.random.normal((rows, features), 3.0, 5.0, seed=1, backend=backend)


def refused(call: Callable[[], Any], kind: type[Exception] = DataError) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize("backend", BACKENDS)
def test_n5_fit_and_transform_are_z_score_and_min_max(backend: str) -> None:
    x = table(backend)
    assert nn.StandardScaler().fit_transform(x).tobytes() == x.z_score(axis=0).tobytes()
    assert nn.MinMaxScaler().fit_transform(x).tobytes() == x.min_max(axis=0).tobytes()
    assert nn.StandardScaler().fit(x).digest() == nn.StandardScaler().fit(table("python")).digest()
    sequences = x.reshape((10, 4, 3))
    assert nn.StandardScaler().fit(sequences)(sequences).tobytes() == x.z_score(axis=0).tobytes()


def test_statistics_beside_numpy() -> None:
    """Ours are rounded once, so binary64 agrees to half a unit in the last place: 2^-24 relative, and its own 1e-14."""
    x = table()
    wide = x.numpy().astype(numpy.float64)
    scaler = nn.StandardScaler().fit(x)
    for ours, theirs in ((scaler.mean_, wide.mean(0)), (scaler.var_, wide.var(0)), (scaler.scale_, wide.std(0))):
        assert numpy.allclose(ours.numpy(), theirs, rtol=2**-24 + 1e-13, atol=0)
    assert scaler.n_samples_seen_.item() == 40


def test_new_data_take_the_scale_of_the_old() -> None:
    scaler = nn.StandardScaler().fit(rc.tensor([[0.0, 10.0], [2.0, 30.0]]))
    assert scaler.transform(rc.tensor([[5.0, 0.0]])).tolist() == [[4.0, -2.0]]
    assert scaler.inverse_transform(rc.tensor([[4.0, -2.0]])).tolist() == [[5.0, 0.0]]
    least = nn.MinMaxScaler().fit(rc.tensor([[0.0, 10.0], [2.0, 30.0]]))
    assert least.transform(rc.tensor([[5.0, 0.0]])).tolist() == [[2.5, -0.5]]
    assert least.inverse_transform(rc.tensor([[2.5, -0.5]])).tolist() == [[5.0, 0.0]]


def test_constant_features_and_options() -> None:
    x = rc.tensor([[0.1, 1.0], [0.1, 3.0]])
    assert nn.StandardScaler().fit_transform(x).tolist() == [[0.0, -1.0], [0.0, 1.0]]
    assert nn.StandardScaler().fit(x).scale_.tolist() == [1.0, 1.0]
    assert nn.MinMaxScaler().fit_transform(x).tolist() == [[0.0, 0.0], [0.0, 1.0]]
    assert nn.StandardScaler(with_mean=False).fit_transform(rc.tensor([[1.0], [5.0]])).tolist() == [[0.5], [2.5]]
    assert nn.StandardScaler(with_std=False).fit_transform(rc.tensor([[1.0], [5.0]])).tolist() == [[-2.0], [2.0]]
    wide = nn.MinMaxScaler(feature_range=(-1, 1), clip=True).fit(rc.tensor([[0.0], [4.0]]))
    assert wide(rc.tensor([[0.0], [1.0], [4.0], [9.0], [-9.0]])).tolist() == [[-1.0], [-0.5], [1.0], [1.0], [-1.0]]
    assert wide.inverse_transform(rc.tensor([[-0.5]])).tolist() == [[1.0]]


@pytest.mark.parametrize("backend", BACKENDS)
def test_nan_is_passed_over_and_kept(backend: str) -> None:
    gaps = rc.tensor([[1.0, 4.0], [NAN, 6.0], [3.0, NAN], [8.0, 8.0]], backend)
    scaler = nn.StandardScaler().fit(gaps)
    assert scaler.mean_.tolist() == [4.0, 6.0]
    assert scaler.scale_.tobytes() == (
        rc.tensor([1.0, 3.0, 8.0], backend).std(correction=0).tobytes()
        + rc.tensor([4.0, 6.0, 8.0], backend).std(correction=0).tobytes()
    )
    assert scaler(gaps).isnan().tolist() == gaps.isnan().tolist()
    least = nn.MinMaxScaler().fit(gaps)
    assert (least.data_min_.tolist(), least.data_max_.tolist()) == ([1.0, 4.0], [8.0, 8.0])


def test_a_scaler_is_a_layer_that_is_saved_and_not_trained(tmp_path: Path) -> None:
    x = table()
    model = nn.Sequential(nn.StandardScaler(3).fit(x), nn.Linear(3, 1))
    assert [name for name, _ in model.named_parameters()] == ["1.weight", "1.bias"]
    rc.save_tensors_binary(tmp_path / "model", model.state_dict())
    other = nn.Sequential(nn.StandardScaler(3), nn.Linear(3, 1))
    other.load_state_dict(rc.load_state_binary(tmp_path / "model"))
    assert other(x).tobytes() == model(x).tobytes()
    assert other.digest() == model.digest()
    assert repr(model[0]) == "StandardScaler(features=3)"
    model(x).sum().backward()
    x.requires_grad_()
    model(x).sum().backward()
    assert x.grad is not None


def test_refusals() -> None:
    x = table()
    assert "call fit(x) with the training data" in refused(lambda: nn.StandardScaler(3)(x))
    assert "feature 1 has an infinity" in refused(lambda: nn.MinMaxScaler().fit(rc.tensor([[1.0, float("inf")]])))
    assert "feature 0 has no value but NaN" in refused(lambda: nn.StandardScaler().fit(rc.tensor([[NAN, 1.0]])))
    assert "fitted to 3 features" in refused(lambda: nn.StandardScaler().fit(x)(rc.zeros((2, 4))), ShapeError)
    assert "it has 4 features" in refused(lambda: nn.StandardScaler(4).fit(x), ShapeError)
    assert "takes float32 (examples, features)" in refused(lambda: nn.StandardScaler().fit(rc.zeros(3)), ShapeError)
    assert "takes a tensor" in refused(lambda: nn.StandardScaler().fit([[1.0]]), TypeError)  # type: ignore[arg-type]
    assert "(least, greatest)" in refused(lambda: nn.MinMaxScaler(feature_range=(1, 0)), AttributeValueError)
    assert "features must be a positive int" in refused(lambda: nn.StandardScaler(0), RcmlrsError)
