"""The keys of a configuration: what each may be and what it is for. This is the one place that says so.

The page docs/training.md has its table from here (``page``), and ``read`` its errors.
"""

from dataclasses import dataclass, field

TEXT, INT, NUMBER, BOOL, TABLE = "text", "integer", "number", "true or false", "table"
TEXTS, INTS, TABLES = "list of texts", "list of integers", "list of tables"


@dataclass(frozen=True)
class Key:
    """What a key may be. ``default`` is as people read it; without one, the key is left out or must be given."""

    forms: tuple[str, ...]
    about: str
    default: str = ""
    choices: tuple[str, ...] = ()
    least: int | None = None
    below: int | None = None
    """Numbers are smaller than this."""
    of: tuple[str, ...] = ()
    """The kinds (of the same section) that have this key; empty: all."""


@dataclass(frozen=True)
class Section:
    """A table of the file. What is ``open`` has further keys: the arguments of the class that it names."""

    about: str
    keys: dict[str, Key] = field(default_factory=dict)
    open: str = ""


DATA = Section(
    "Where the examples come from, and which of them are learned from.",
    {
        "kind": Key(
            (TEXT,),
            "what it is: a table with columns of numbers and of categories; a series, a row for each step; pictures in "
            "folders by class; NumPy or safetensors arrays; or the shipped set of handwritten digits",
            "csv",
            ("csv", "series", "images", "arrays", "digits"),
        ),
        "path": Key((TEXT,), "the file, or the folder of pictures; from the folder of the configuration on"),
        "target": Key(
            (TEXT,), "the column to predict; in a series by default the last; of arrays the name of the targets, y"
        ),
        "task": Key(
            (TEXT,),
            "by default classification where the target is text (of arrays: integers)",
            "as the target is",
            ("regression", "classification"),
        ),
        "ignore": Key((TEXTS,), "columns to pass over; those of dates are without a word", "none", of=("csv",)),
        "categories": Key(
            (TEXTS,), "columns of categories though they look like numbers, such as 01097", "none", of=("csv",)
        ),
        "numbers": Key(
            (TEXTS,), "columns that must hold numbers; whatever else is in them is refused", "none", of=("csv",)
        ),
        "columns": Key((TEXTS,), "the columns that the model sees", "the target", of=("series",)),
        "inputs": Key((TEXT,), "the name of the inputs", "x", of=("arrays",)),
        "header": Key((BOOL,), "whether line 1 holds the names of the columns", "true", of=("csv", "series")),
        "delimiter": Key(
            (TEXT,), "between fields: a character, or comma, semicolon, tab, ...", "comma", of=("csv", "series")
        ),
        "decimal": Key((TEXT,), "the decimal sign: point or comma", "point", of=("csv", "series")),
        "missing": Key(
            (TEXT, NUMBER),
            "a missing value is an error, becomes the mean of its column or a number, or drops its row; in a "
            "series it is error or drop",
            "error",
            ("error", "mean", "drop"),
            of=("csv", "series"),
        ),
        "unknown": Key(
            (TEXT,),
            "a category that the training part did not have is an error, or none of the known (reserve)",
            "error",
            ("error", "reserve"),
            of=("csv",),
        ),
        "shape": Key((INTS,), "the columns of numbers are pictures (channels, height, width)", least=1, of=("csv",)),
        "divide": Key((NUMBER,), "with shape, the numbers are divided by it, such as 255", "1", least=0, of=("csv",)),
        "window": Key((INT,), "how many steps the model sees", "12", least=1, of=("series",)),
        "horizon": Key((INT,), "how many steps ahead it forecasts", "1", least=1, of=("series",)),
        "size": Key(
            (INTS,), "[height, width] to which they are brought; by default all have one size", least=1, of=("images",)
        ),
        "mode": Key((TEXT,), "grey, colour, or colour with opacity", "RGB", ("L", "RGB", "RGBA"), of=("images",)),
        "augment": Key(
            (TABLES,),
            'pictures: random variations in training, such as {type = "RandomCrop", padding = 1}',
            "none",
            of=("images", "digits", "csv"),
        ),
        "normalise": Key(
            (TEXT,),
            "bring every feature to mean 0 and deviation 1, or to [0, 1]; fitted on the training part and kept with "
            "the model",
            "z-score; none for pictures",
            ("z-score", "min-max", "none"),
        ),
        "normalise_target": Key(
            (TEXT,),
            "regression: the same for the target; predictions are in its own unit",
            "z-score",
            ("z-score", "min-max", "none"),
        ),
        "train_share": Key((NUMBER,), "the share of the examples to learn from", "0.8", least=0),
        "validation_share": Key(
            (NUMBER,),
            "the share that is measured after every epoch; what is left of 1 is the test",
            "the rest",
            least=0,
            below=1,
        ),
        "shuffle": Key((BOOL,), "draw the parts at random; false: the first rows are learned from", "true"),
        "stratify": Key((BOOL,), "classification: every part has its share of each class", "true"),
        "seed": Key((INT,), "of that draw", "0", least=0, below=1 << 64),
    },
)

MODEL = Section(
    "What is trained: a preset, or layers one after another.",
    {
        "kind": Key(
            (TEXT,),
            "a preset: dense layers, convolutions, or a recurrent network",
            "by the data: mlp, cnn, or lstm",
            ("mlp", "cnn", "rnn", "lstm", "gru"),
        ),
        "hidden": Key(
            (INTS, INT), "the sizes of the hidden layers", "[32, 16]; recurrent and behind convolutions [32]", least=1
        ),
        "channels": Key(
            (INTS,), "channels of the convolutions, each followed by pooling", "[16, 32]", least=1, of=("cnn",)
        ),
        "kernel_size": Key((INT,), "height and width of a kernel", "3", least=1, of=("cnn",)),
        "activation": Key((TEXT,), "the layer after each, such as relu, gelu, tanh", "relu", of=("mlp", "cnn")),
        "batch_norm": Key((BOOL,), "batch normalization before the activation", "false", of=("mlp", "cnn")),
        "dropout": Key(
            (NUMBER,), "the share that is dropped behind every hidden layer in training", "0", least=0, below=1
        ),
        "bidirectional": Key((BOOL,), "in both directions", "false", of=("rnn", "lstm", "gru")),
        "layers": Key(
            (TABLES,),
            "in the place of a preset: [[model.layers]] with type and the arguments of that class of rcmlrs_core.nn. "
            "in_features, in_channels, input_size, num_features and the like may be left out, and the out_features of "
            "the last one",
        ),
    },
)

OPTIMIZER = Section(
    "How it is trained.",
    {
        "name": Key((TEXT,), "the class of rcmlrs_core.optim: adam, adamw, sgd, rmsprop, lion, ...", "adam"),
        "lr": Key((NUMBER,), "the learning rate", "0.01", least=0),
        "schedule": Key(
            (TABLE,),
            "[optimizer.schedule]: name, such as CosineDecay, and its arguments; the first rate is lr and the "
            "number of steps that of the run, unless they are given",
            "none",
        ),
    },
    open="arguments of the optimizer, such as weight_decay, momentum, betas, clip_norm, clip_value",
)

TRAINING = Section(
    "How long, and on what.",
    {
        "epochs": Key((INT,), "passes over the training part", "20", least=1),
        "batch_size": Key((INT,), "examples in one update", "32", least=1),
        "seed": Key(
            (INT,), "of the first weights, the order of the examples, and dropout", "0", least=0, below=1 << 64
        ),
        "loss": Key(
            (TEXT, TABLE),
            "of numbers mse, mae, huber, smooth_l1, log_cosh, poisson_nll, of classes cross_entropy, multi_margin; or a "
            'table of name and arguments, such as {name = "huber", delta = 0.5}',
            "mse or cross_entropy",
        ),
        "metrics": Key(
            (TEXTS,),
            "measured after every epoch: of classes accuracy, precision, recall, f1, top_k_accuracy; of numbers mae, rmse, "
            "mse, r2",
            "accuracy, or mae",
        ),
        "accumulate": Key(
            (INT,), "in how many pieces a batch goes through the model: less memory, the same bits", "1", least=1
        ),
        "early_stopping": Key(
            (TABLE,),
            "[training.early_stopping]: monitor (val_loss), patience (5), min_delta (0), restore_best_weights (true)",
            "none",
        ),
        "checkpoint": Key(
            (TEXT,), "a file from which rcmlrs train --resume goes on, after every epoch and Ctrl-C", "none"
        ),
        "checkpoint_every": Key((INT,), "write it after so many updates instead", least=1),
        "backend": Key((TEXT,), "where it runs; the bits are the same", "as rcmlrs backends tells"),
    },
)

OUTPUT = Section(
    "What is kept.",
    {
        "save": Key((TEXT,), "the trained model, a safetensors file", "none"),
        "history": Key(
            (TEXTS, TEXT), "the record of the epochs: files .csv or .json, or a picture .png, .svg or .pdf", "none"
        ),
    },
)

SECTIONS = {"data": DATA, "model": MODEL, "optimizer": OPTIMIZER, "training": TRAINING, "output": OUTPUT}
