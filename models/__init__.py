"""Networks, data and recipes (torch). Imports `bridge`, never the other way."""
