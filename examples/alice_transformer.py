"""A transformer learns to write, character by character, from four chapters of Alice's Adventures in Wonderland.

    python examples/alice_transformer.py [--quick] [--backend NAME]

It sees some characters and says, at each of them, how likely every character is to come next. To write, one is drawn,
appended, and the question asked again; the keys and values of the characters before are kept, not computed again.
"""

import argparse

import rcmlrs_core as rc
from rcmlrs_core import data, nn, optim, random, train


class Writer(nn.Module):
    """Codes of characters ``(batch, time)`` to scores of the next character ``(batch, time, characters)``."""

    def __init__(self, characters: int, size: int, heads: int, layers: int) -> None:
        self.embedding = nn.Embedding(characters, size)
        # Rotary: attention sees how far apart two characters are, and there is no longest text.
        blocks = [
            nn.TransformerEncoderLayer(size, heads, 4 * size, 0.0, "gelu", norm_first=True, rotary=True)
            for _ in range(layers)
        ]
        self.blocks = nn.TransformerEncoder(blocks, norm=nn.LayerNorm(size))
        self.scores = nn.Linear(size, characters)

    def forward(self, codes: rc.RamTensor, cache: list[nn.KeyValueCache] | None = None) -> rc.RamTensor:
        """With ``cache``, the codes come after those that it has seen."""
        x = self.blocks(self.embedding(codes), is_causal=True, cache=cache)  # causal: none looks at what comes later
        return self.scores(x)


def next_character(scores: rc.RamTensor, targets: rc.RamTensor) -> rc.RamTensor:
    """The loss: cross-entropy, the mean over all characters of all windows."""
    return rc.cross_entropy(scores.reshape((-1, scores.shape[-1])), targets.flatten())


def write(model: Writer, vocabulary: data.Vocabulary, start: str, length: int, seed: int) -> str:
    """``start``, and what the model makes of it: up to ``length`` characters, each drawn by its likelihood.

    To add Gumbel noise to the scores and take the largest is to draw from their softmax.
    """
    codes = vocabulary.encode(start)
    cache = model.blocks.new_cache()
    seen = rc.tensor([codes], dtype="int32")
    with rc.no_grad():
        while len(codes) < length:
            scores = model(seen, cache)[0, -1]
            noise = random.uniform(scores.shape, seed=seed, stream=len(codes))
            codes.append((scores - (-noise.log()).log()).argmax().item())
            seen = rc.tensor([codes[-1:]], dtype="int32")
    return vocabulary.decode(codes)


def main(argv: list[str] | None = None) -> None:
    """Train it, print the loss, and let it write."""
    parser = argparse.ArgumentParser(description="A transformer that writes, character by character.")
    parser.add_argument("--quick", action="store_true", help="a tiny one, and some words of the text")
    parser.add_argument("--backend", help="python, numpy, native, ...; the fastest, if left out")
    args = parser.parse_args(argv)
    size, heads, layers, length, epochs = (8, 2, 1, 12, 2) if args.quick else (64, 4, 2, 64, 8)
    with rc.use_backend(args.backend):
        text = data.load_alice()
        vocabulary = data.Vocabulary(text)
        some = text[:200] if args.quick else text
        windows = data.CharDataset(some, length, stride=length // 2, vocabulary=vocabulary)
        rc.manual_seed(0)
        model = Writer(len(vocabulary), size, heads, layers)
        loader = data.Loader(windows, 16)
        print(f"{model.count_parameters()} parameters, {len(windows)} windows of {length} characters")
        rate = optim.OneCycle(0.01, epochs * loader.steps)
        adam = optim.AdamW(model.parameters(), lr=rate, clip_norm=1.0)
        history = train.fit(model, adam, next_character, loader, epochs=epochs)
        for epoch in history.epochs:
            print(f"loss in epoch {epoch.epoch + 1:2}: {epoch.loss:.3f}")
        print(write(model, vocabulary, "Alice ", 2 * length, seed=1))
        print("digest", model.digest())


if __name__ == "__main__":
    main()
