"""``rcmlrs bisect``: a training on two backends, in step, up to the first operation whose bits differ.

* ``program`` is what is run: a training of the suite, or a function of somebody's own.
* ``trace`` makes a copy of a backend that tells of every call of a kernel; a backend that is not traced pays nothing.
* ``recording`` is what one backend did, as a file; ``find`` runs the other one against it.
* ``case`` is one call alone, as a file, and ``replay`` runs it on a backend and by the exact definition.
* ``report`` says all that in words; ``command`` is the command.
"""
