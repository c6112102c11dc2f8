"""The project's own head: a bust with 52 ARKit shapes, learned by `models.training.head`. numpy only.

`load_head` reads what ships; `Head.pose` moves it; `bridge.head.glb`, `binary` and `picture` give it to others.
"""

from bridge.head.model import Head, Part, load_head

__all__ = ["Head", "Part", "load_head"]
