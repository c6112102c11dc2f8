"""facecue's run time: voice in, face frames out. Imports numpy and onnxruntime, never torch."""

__version__ = "0.1.0"
