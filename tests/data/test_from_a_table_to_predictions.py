"""The whole way: a CSV file with categories and gaps, a model, its schema and scaler in one file, and predictions."""

from pathlib import Path

import rcmlrs_core as rc
from rcmlrs_core import data, nn, optim, train

ROWS = "\n".join(
    f"2020-01-{i % 28 + 1:02},{i % 7 - 3}.5,{'' if i % 11 == 5 else i % 5},{('red', 'green', 'blue')[i % 3]},"
    f"{'yes' if (i % 7) + (i % 3) > 4 else 'no'}"
    for i in range(60)
)


def made(schema: data.Schema) -> nn.Sequential:
    features = len(schema.names)
    generator = rc.random.Generator(5)
    return nn.Sequential(
        nn.StandardScaler(features),
        nn.Linear(features, 6, generator=generator),
        nn.Tanh(),
        nn.Linear(6, 2, generator=generator),
    )


def digest_of_a_run(folder: Path, backend: str) -> tuple[str, list[int]]:
    with rc.use_backend(backend):
        frame = data.read_frame(folder / "train.csv")
        part, _ = frame.split([0.8, 0.2], seed=1, stratify="buys")
        schema = data.Schema.fit(part, target="buys", missing="mean", unknown="reserve")
        x, y = schema.encode(part).tensors()
        model = made(schema)
        model[0].fit(x)  # type: ignore[operator]
        loader = data.Loader(data.TensorDataset(x, y), 16, seed=2, prefetch=1)
        train.fit(model, optim.Adam(model.parameters(), lr=0.05), rc.cross_entropy, loader, epochs=3, progress=False)
        rc.save_tensors_binary(folder / "model", model.state_dict(), metadata={"schema": schema.to_json()})

        state = rc.load_state_binary(folder / "model")
        again = data.Schema.from_json(state.metadata["schema"])
        other = made(again)
        other.load_state_dict(state)
        (new,) = again.encode(data.read_frame(folder / "new.csv")).tensors()
        return other.digest(), train.predict(other.eval(), new).argmax(axis=1).tolist()


def test_a_table_becomes_a_model_and_predictions_with_the_same_bits(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(f"day,n,size,colour,buys\n{ROWS}\n")
    (tmp_path / "new.csv").write_text("colour,n,size\nred,3.5,1\npurple,-3.5,4\n")
    runs = [digest_of_a_run(tmp_path, backend) for backend in ("python", "numpy", "native")]
    assert runs[0] == runs[1] == runs[2]
    assert len(runs[0][1]) == 2
