"""Rigs: tables (TOML) from ARKit weights, emotion and cues to the named curves of a kind of character."""

from bridge.rigs.rig import Curve, Rig, RigError, RigTable, load_rig, parse_rig, rig_names

__all__ = ["Curve", "Rig", "RigError", "RigTable", "load_rig", "parse_rig", "rig_names"]
