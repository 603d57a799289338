"""Operations from outside: each is a file of this package, and has an entry point in pyproject.toml."""
