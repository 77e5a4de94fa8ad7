"""An iterator whose next items are made in a thread while the present one is worked on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from queue import Queue
from threading import Event, Thread
from typing import TypeVar

__all__ = ["ahead"]

T = TypeVar("T")


def ahead(items: Iterable[T], size: int = 2) -> Iterator[T]:
    """Yield the items in their order, up to `size` of them made ahead of time.

    An error in the thread is raised here, where its item would have come. When the iterator is closed, or left, the
    thread ends with the item that it is at.

    >>> list(ahead(range(3)))
    [0, 1, 2]
    """
    waiting: Queue[tuple[T] | BaseException | None] = Queue(size)
    left = Event()

    def make() -> None:
        try:
            for item in items:
                waiting.put((item,))
                if left.is_set():
                    return
            waiting.put(None)
        except BaseException as error:
            waiting.put(error)

    thread = Thread(target=make, daemon=True)
    thread.start()
    try:
        while (found := waiting.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found[0]
    finally:
        left.set()
        while not waiting.empty():
            waiting.get()
        thread.join()
