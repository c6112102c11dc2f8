"""A batch of recordings: what is to be baked and how (manifest), what was (ledger), how it went (findings, report)."""
