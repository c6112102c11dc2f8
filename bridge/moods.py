"""The names of what a face can feel and of the manners it can have: order of every vector of them. Imports nothing."""

EMOTIONS = ("angry", "contempt", "disgusted", "fear", "happy", "neutral", "sad", "surprised")
"""Order of every emotion vector."""
STYLES = ("reader", "speaker", "actor")
"""Manners of holding eyes, head and mouth, in the order of the network's input."""
