"""Policies: the declared rules by which events become standings. See `docs/policies.md`."""

from renown.policy.audiences import Audience, spoken, unknown_word
from renown.policy.loader import load, load_file, preset, preset_names, preset_text
from renown.policy.methods import BayesianMean, FadingMean, Mean, Method, Points, Prior
from renown.policy.nearest import nearest
from renown.policy.policies import Policies
from renown.policy.schema import (
    Bounds,
    CategoryPolicy,
    Evidence,
    OnePer,
    Policy,
    Raters,
    Rule,
    Scale,
    Tier,
    ValueMode,
    View,
    Visibility,
    WeightCase,
)

__all__ = [
    "Audience",
    "BayesianMean",
    "Bounds",
    "CategoryPolicy",
    "Evidence",
    "FadingMean",
    "Mean",
    "Method",
    "OnePer",
    "Points",
    "Policies",
    "Policy",
    "Prior",
    "Raters",
    "Rule",
    "Scale",
    "Tier",
    "ValueMode",
    "View",
    "Visibility",
    "WeightCase",
    "load",
    "load_file",
    "nearest",
    "preset",
    "preset_names",
    "preset_text",
    "spoken",
    "unknown_word",
]
