"""Text as data: the characters of a text as codes, and windows of them for a language model."""

import json
from collections.abc import Iterable, Sequence

from rcmlrs_core.creation import tensor
from rcmlrs_core.data.dataset import Batch, Dataset, checked_indices
from rcmlrs_core.data.table import is_count
from rcmlrs_core.errors import DataError, FileFormatError
from rcmlrs_core.numerics.decimal_text import shown
from rcmlrs_core.plain import INT32


class Vocabulary:
    """The different characters of a text, ordered by code point, and their codes 0, 1, 2, ...

    ``Vocabulary("banana")`` has a, b and n. With ``unknown=True`` there is one code more, the last, for every other
    character, which is read back as U+FFFD.
    """

    def __init__(self, text: Iterable[str], *, unknown: bool = False) -> None:
        self.characters = "".join(sorted(set(text)))
        self.unknown = unknown
        if not self.characters:
            raise DataError("Vocabulary: takes a text, got one without characters")
        self._codes = {character: code for code, character in enumerate(self.characters)}

    def __len__(self) -> int:
        return len(self.characters) + self.unknown

    def encode(self, text: str) -> list[int]:
        """The codes of a text.

        Raises:
            DataError: a character without a code, where ``unknown`` is False. It says which, in which line.
        """
        codes = self._codes
        if self.unknown:
            other = len(self.characters)
            return [codes.get(character, other) for character in text]
        try:
            return [codes[character] for character in text]
        except KeyError as error:
            character = error.args[0]
            place = text.index(character)
            line = text.count("\n", 0, place) + 1
            column = place - text.rfind("\n", 0, place)
            raise DataError(
                f"line {line}, column {column}: the character {character!r} is not in the vocabulary of "
                f"{len(self)} characters; make it of a text that has it, or pass unknown=True"
            ) from None

    def decode(self, codes: Iterable[int]) -> str:
        """The text of these codes."""
        characters = self.characters + ("\ufffd" if self.unknown else "")
        found = list(codes)
        for code in found:
            if not 0 <= code < len(characters):
                raise DataError(f"the code {code} is none of this vocabulary, whose codes go from 0 to {len(self) - 1}")
        return "".join(characters[code] for code in found)

    def to_json(self) -> str:
        """As text, such as for the metadata of a model's file."""
        return json.dumps({"characters": self.characters, "unknown": self.unknown}, ensure_ascii=True)

    @classmethod
    def from_json(cls, text: str) -> "Vocabulary":
        """The vocabulary that ``to_json`` wrote. Raises :class:`FileFormatError` for anything else."""
        try:
            found = json.loads(text)
            characters, unknown = found["characters"], found["unknown"]
            if isinstance(characters, str) and isinstance(unknown, bool):
                made = cls(characters, unknown=unknown)
                if made.characters == characters:
                    return made
        except (ValueError, RecursionError, KeyError, TypeError):
            pass
        raise FileFormatError(f"expected a vocabulary as to_json writes it, found {shown(str(text))}; make it again")

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} characters: {shown(self.characters)})"


class CharDataset(Dataset):
    """Windows of a text for a language model: ``length`` characters, and at each place the one that comes next.

    ``x[i, t]`` is the code of the character ``i * stride + t`` and ``y[i, t]`` that of the one after it; both are int32
    ``(n, length)``. ``vocabulary`` is by default that of the text; take the training part's for others.
    """

    def __init__(
        self,
        text: str,
        length: int,
        *,
        vocabulary: Vocabulary | None = None,
        stride: int = 1,
        backend: str | None = None,
    ) -> None:
        for name, value in (("length", length), ("stride", stride)):
            if not is_count(value):
                raise DataError(f"CharDataset: {name}={value!r}; it is an integer of at least 1")
        if len(text) <= length:
            raise DataError(
                f"CharDataset: the text has {len(text)} characters, and a window with its targets {length + 1}; take "
                "more text, or shorter windows"
            )
        self.vocabulary = Vocabulary(text) if vocabulary is None else vocabulary
        self.length = length
        self.stride = stride
        self.backend = backend
        self._codes = self.vocabulary.encode(text)

    def __len__(self) -> int:
        return 1 + (len(self._codes) - self.length - 1) // self.stride

    def take(self, indices: Sequence[int], epoch: int = 0) -> Batch:
        """The windows at ``indices``."""
        starts = [at * self.stride for at in checked_indices(indices, len(self))]
        x = [self._codes[start : start + self.length] for start in starts]
        y = [self._codes[start + 1 : start + 1 + self.length] for start in starts]
        return tensor(x, self.backend, dtype=INT32), tensor(y, self.backend, dtype=INT32)
