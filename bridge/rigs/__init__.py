"""Rigs: tables (TOML) from ARKit weights, emotion and cues to the curves and bones of a kind of character."""

from bridge.rigs.rig import Rig, Turn, load_rig, rig_names
from bridge.rigs.row import Bone, Curve, RigError, RigTable
from bridge.rigs.table import parse_rig

__all__ = ["Bone", "Curve", "Rig", "RigError", "RigTable", "Turn", "load_rig", "parse_rig", "rig_names"]
