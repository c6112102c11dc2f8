"""torch → ONNX: export, parity, contract. Imports `models` and `bridge`."""
