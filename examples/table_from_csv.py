"""From a table in a CSV file to a saved model, and from there to predictions: which penguin is it?

    python examples/table_from_csv.py [--quick] [--backend NAME]

The table has numbers, categories (an island) and missing values. What was learned of its columns, the schema, and of
their scale is kept with the weights in one file: all that it takes to predict new rows.
"""

import argparse
import tempfile
from pathlib import Path

import rcmlrs_core as rc
from rcmlrs_core import data, metrics, nn, optim, train

PENGUINS = Path(__file__).parent / "data" / "penguins.csv"
NEW = """island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,sex,year
Biscoe,46.5,,210,4900,female,2009
Dream,49.0,18.2,200,3800,NA,2009
Elephant,38.0,18.5,190,3700,male,2010
"""  # one bill was not measured, a sex is not known, and there was no such island


def network(schema: data.Schema, scaler: nn.StandardScaler) -> nn.Sequential:
    """A score for each class. The scale of the columns is a layer too, so it is saved with the rest."""
    return nn.Sequential(scaler, nn.Linear(len(schema.names), 16), nn.Tanh(), nn.Linear(16, len(schema.classes)))


def learn(frame: data.Frame, target: str, epochs: int, path: Path) -> nn.Sequential:
    """Train on 80% of the rows, test on the others, and save."""
    training, test = frame.split([0.8, 0.2], seed=0, stratify=target)
    # Missing numbers become the mean of their column; a category that is missing or new is none of those known.
    schema = data.Schema.fit(training, target=target, missing="mean", unknown="reserve", ignore=["year"])
    x, y = schema.encode(training).tensors()
    rc.manual_seed(0)
    model = network(schema, nn.StandardScaler().fit(x))  # of the training rows alone: the test is not known yet
    adam = optim.AdamW(model.parameters(), lr=0.01)
    history = train.fit(model, adam, rc.cross_entropy, x, y, epochs=epochs, batch_size=32)
    accuracy = train.evaluate(model, metrics.accuracy, *schema.encode(test).tensors())
    print(f"loss {history.losses[-1]:.4f}")
    print(f"test accuracy {accuracy:.2%}, of {test.rows} rows")
    rc.save_tensors_binary(path, model.state_dict(), metadata={"schema": schema.to_json()})
    return model


def predict(path: Path, table: Path) -> list[str]:
    """The classes of the rows of a table, by the model in the file."""
    state = rc.load_state_binary(path)
    schema = data.Schema.from_json(state.metadata["schema"])
    model = network(schema, nn.StandardScaler(len(schema.names)))
    model.load_state_dict(state)
    (x,) = schema.encode(data.read_frame(table)).tensors()
    return [schema.classes[label] for label in train.predict(model, x).argmax(axis=1).tolist()]


def main(argv: list[str] | None = None) -> None:
    """Learn, save, load, predict."""
    parser = argparse.ArgumentParser(description="From a CSV file to a saved model and predictions.")
    parser.add_argument("--quick", action="store_true", help="two epochs, on some of the rows")
    parser.add_argument("--backend", help="python, numpy, native, ...; the fastest, if left out")
    args = parser.parse_args(argv)
    with rc.use_backend(args.backend), tempfile.TemporaryDirectory() as folder:
        frame = data.read_frame(PENGUINS)
        if args.quick:
            frame = frame.take(range(0, frame.rows, 5))
        print(f"{frame.rows} rows of {', '.join(frame.names)}")
        model = learn(frame, "species", 2 if args.quick else 30, Path(folder, "penguins.safetensors"))
        Path(folder, "new.csv").write_text(NEW)
        print("new rows:", ", ".join(predict(Path(folder, "penguins.safetensors"), Path(folder, "new.csv"))))
        print("digest", model.digest())


if __name__ == "__main__":
    main()
