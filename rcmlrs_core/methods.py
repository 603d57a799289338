"""The operations as methods: the base class of ``RamTensor``, filled from the table by ``dispatch``.

What a type checker sees is ``methods.pyi``, generated from the operations (``make stubs``).
"""


class Methods:
    """Every operation of the table, as a method."""

    __slots__ = ()
