"""The verbs of `facecue`, a room each. They may name every other room; no other room names them."""
